"""Put the house together: settings and a clock in, an app out. The only place where pages meet workflows."""

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from engine.ground.clock import Clock
from engine.ground.settings import Settings
from engine.ground.unit_of_work import Engine
from web import (
    account,
    accounts,
    api,
    archives,
    audit,
    calendar,
    drafting,
    erasures,
    errors,
    files,
    forms,
    frame,
    guidance,
    health,
    hints,
    inbox,
    incidents,
    instances,
    names,
    notices,
    organization,
    parameters,
    personal_tokens,
    processes,
    security,
    session,
    setup,
    shipped,
    substitutions,
    tasks,
)
from web.api import tokens
from web.texts import gettext as _
from workflows import blank_lists, demo, publication, registry
from workflows import organization as staff
from workflows import parameters as declared

ROOMS = (
    account.room,
    substitutions.room,
    inbox.room,
    tasks.room,
    notices.room,
    instances.room,
    files.room,
    archives.room,
    shipped.room,
    processes.room,
    drafting.room,
    hints.room,
    incidents.room,
    audit.room,
    erasures.room,
    organization.room,
    accounts.room,
    calendar.room,
    parameters.room,
    setup.room,
    personal_tokens.room,
    health.room,
)

FORM_LIMIT = 8 * 1024 * 1024
"""All that is typed into one form: two hundred rows of long texts, with room to spare."""

FORM_PARTS = 20_000

import_staff = staff.load
tell_demo = demo.load


def create_engine(settings: Settings, clock: Clock) -> Engine:
    """Open the engine with everything that the diagrams need."""
    return Engine(settings, clock, registry.functions(), registry.options(), declared.load())


def create_app(settings: Settings, clock: Clock, engine: Engine | None = None) -> Flask:
    """Build the app in front of an engine; with a `DEMO_PASSWORD` in its config it is a demo."""
    app = Flask(__name__)
    if hops := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="suixu",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=settings.matter_limit_bytes + FORM_LIMIT,
        MAX_FORM_MEMORY_SIZE=FORM_LIMIT,
        MAX_FORM_PARTS=FORM_PARTS,
        WTF_CSRF_TIME_LIMIT=None,
        DEMO=False,
        DEMO_PASSWORD="",
        ORG_READER=staff.load,
        BLANK_LISTS={"units": (_("单位和岗位名单"), blank_lists.units), "people": (_("人员名单"), blank_lists.persons)},
        SHIPPED=publication,
    )
    forms.install(app)
    names.install(app)
    frame.install(app)
    guidance.install(app)
    errors.install(app)
    health.install(app)
    security.install(app)
    # Who is signed in comes first: an ended session is told as such, not as a missing token.
    session.install(app, engine or create_engine(settings, clock))
    app.before_request(tokens.admit)
    csrf = CSRFProtect(app)
    account.limiter.init_app(app)
    for room in ROOMS:
        app.register_blueprint(room)
    api.install(app, csrf)
    return app
