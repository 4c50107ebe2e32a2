"""Come as a program: JSON and a token, no cookies."""

from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from engine import personal_tokens
from engine.ground import model
from engine.ground.unit_of_work import Actor
from tests.web import errands

BOTH = ("read", "act")


@dataclass
class Program:
    """Hold one program's token, and send what it asks."""

    app: Flask
    secret: str = ""

    def ask(self, method: str, path: str, json: Any = None, data: Any = None, **headers: str) -> TestResponse:
        """Ask for something; `headers` are named with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.secret:
            sent.setdefault("Authorization", f"Bearer {self.secret}")
        return self.app.test_client().open(path, method=method, json=json, data=data, headers=sent, buffered=True)

    def get(self, path: str) -> Any:
        """Read something that is there."""
        answer = self.ask("GET", f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json

    def post(self, path: str, json: Any, **headers: str) -> TestResponse:
        """Act."""
        return self.ask("POST", f"/api/v1{path}", json, **headers)

    def upload(self, task_id: str, name: str, content: bytes, **headers: str) -> TestResponse:
        """Bring a file."""
        data = {"file": (BytesIO(content), name)}
        answer = self.ask("POST", f"/api/v1/tasks/{task_id}/upload", data=data, **headers)
        answer.request.environ["wsgi.input"].close()
        return answer


@dataclass
class Programs:
    """Give programs by the login of their person."""

    app: Flask

    def __call__(self, login: str = "", *scopes: str) -> Program:
        return Program(self.app, self.issue(login, scopes or BOTH)[1] if login else "")

    def issue(self, login: str, scopes: tuple[str, ...] = BOTH, days: int = 30) -> tuple[str, str]:
        """Make a token; give its id and its secret."""
        with errands.engine_of(self.app).transaction() as unit:
            row = unit.connection.execute(select(model.account).where(model.account.c.login == login)).one()
            expires = unit.today + timedelta(days=days)
            return personal_tokens.issue(unit, row.id, "测试", scopes, expires, Actor(row.person_id))
