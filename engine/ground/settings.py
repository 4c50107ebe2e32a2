"""What an installation may set, read from its environment."""

import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

DATA_NAME = "SUIXU_DATA"
DATABASE_URL_NAME = "SUIXU_DATABASE_URL"
HOST_NAME = "SUIXU_HOST"
PORT_NAME = "PORT"
SECRET_KEY_NAME = "SUIXU_SECRET_KEY"
DEMO_PASSWORD_NAME = "SUIXU_DEMO_PASSWORD"
UPLOAD_LIMIT_NAME = "SUIXU_UPLOAD_LIMIT_MB"
NOTIFY_URLS_NAME = "SUIXU_NOTIFY_URLS"
TRUSTED_PROXIES_NAME = "SUIXU_TRUSTED_PROXIES"

SECRET_KEY_FILE = "secret_key"
DATABASE_FILE = "suixu.db"

FILES_A_MATTER = 4
"""Files of the largest size that fit into one matter, and into one request."""

_SECRET_KEY_LENGTH = 32
_DEMO_PASSWORD_LENGTH = 8


class SettingsError(ValueError):
    """Say in Chinese which variable is wrong and what to do."""

    def __init__(self, name: str, fault: str, remedy: str) -> None:
        super().__init__(f"环境变量 {name} 有误：{fault}。{remedy}。")
        self.name = name


class Setting(NamedTuple):
    """Describe one variable of the environment, in Chinese."""

    name: str
    default: str
    meaning: str


def _says(name: str, default: str, meaning: str) -> dict[str, Setting]:
    return {"setting": Setting(name, default, meaning)}


@dataclass(frozen=True)
class Settings:
    """Hold what an installation has set."""

    data: Path = field(
        metadata=_says(DATA_NAME, "./var", "数据文件夹：数据库、附件、归档包、锚定和密钥都在其中，没有时自动建立")
    )
    database_url: str = field(
        repr=False,
        metadata=_says(
            DATABASE_URL_NAME,
            f"数据文件夹中的 {DATABASE_FILE}（SQLite）",
            "数据库地址：sqlite:///文件 或 postgresql://用户:密码@主机/库名",
        ),
    )
    host: str = field(metadata=_says(HOST_NAME, "127.0.0.1", "网页服务监听的地址；0.0.0.0 表示本机所有网卡"))
    port: int = field(metadata=_says(PORT_NAME, "8000", "网页服务监听的端口，1 至 65535"))
    secret_key: str = field(
        repr=False,
        metadata=_says(
            SECRET_KEY_NAME,
            f"自动生成，存入数据文件夹中的 {SECRET_KEY_FILE}",
            f"登录会话的签名密钥，不少于 {_SECRET_KEY_LENGTH} 个字符；更换后所有人须重新登录",
        ),
    )
    demo_password: str | None = field(
        repr=False,
        metadata=_says(
            DEMO_PASSWORD_NAME,
            "自动生成并显示",
            f"演示账号共用的密码，不少于 {_DEMO_PASSWORD_LENGTH} 个字符；仅用于演示",
        ),
    )
    upload_limit_mb: int = field(metadata=_says(UPLOAD_LIMIT_NAME, "50", "单个附件的大小上限（MB），1 至 1024"))
    notify_urls: tuple[str, ...] = field(
        repr=False,
        metadata=_says(NOTIFY_URLS_NAME, "无", "对外提醒的通道（Apprise 地址），用空格或逗号分隔；只发标题和链接"),
    )

    trusted_proxies: int = field(
        default=0,
        metadata=_says(
            TRUSTED_PROXIES_NAME,
            "0",
            "前面有几层反向代理（0 至 9）：来源地址和是否 HTTPS 以它写明的为准；多写一层，来访者就能伪造来源",
        ),
    )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings, making the data folder and the secret key where they are missing; blank means absent."""
        given = {name: value.strip() for name, value in environ.items() if value.strip()}
        database_url = _database_url(given[DATABASE_URL_NAME]) if DATABASE_URL_NAME in given else None
        secret_key = _long_enough(given, SECRET_KEY_NAME, _SECRET_KEY_LENGTH)
        # The arguments are read in this order: the folder is made only when every value before it is sound.
        return cls(
            host=_host(given.get(HOST_NAME, "127.0.0.1")),
            port=_number(given, PORT_NAME, 8000, 65535),
            upload_limit_mb=_number(given, UPLOAD_LIMIT_NAME, 50, 1024),
            demo_password=_long_enough(given, DEMO_PASSWORD_NAME, _DEMO_PASSWORD_LENGTH),
            notify_urls=_notify_urls(given.get(NOTIFY_URLS_NAME, "")),
            trusted_proxies=_number(given, TRUSTED_PROXIES_NAME, 0, 9, least=0),
            data=(data := _data_folder(given.get(DATA_NAME, "./var"))),
            database_url=database_url or f"sqlite:///{(data / DATABASE_FILE).as_posix()}",
            secret_key=secret_key or _kept_secret_key(data / SECRET_KEY_FILE),
        )

    @property
    def upload_limit_bytes(self) -> int:
        """Return the upload limit in bytes."""
        return self.upload_limit_mb * 1024 * 1024

    @property
    def matter_limit_bytes(self) -> int:
        """Return how large the files that people bring to one matter may be together."""
        return self.upload_limit_bytes * FILES_A_MATTER

    @staticmethod
    def table() -> list[Setting]:
        """List every variable with its default and meaning, as the README shows them."""
        return [each.metadata["setting"] for each in fields(Settings)]


def _number(given: Mapping[str, str], name: str, default: int, most: int, least: int = 1) -> int:
    text = given.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
        fault = f"“{text}”不是 {least} 至 {most} 之间的整数"
        raise SettingsError(name, fault, f"请改为整数，或去掉这个变量以使用 {default}")
    return int(text)


def _long_enough(given: Mapping[str, str], name: str, least: int) -> str | None:
    text = given.get(name)
    if text is not None and len(text) < least:
        raise SettingsError(name, f"只有 {len(text)} 个字符", f"请改为不少于 {least} 个字符，或去掉这个变量由系统生成")
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.:_-]+", text):
        raise SettingsError(
            HOST_NAME, f"“{text}”不是主机名或 IP 地址", "请写成 127.0.0.1 或 0.0.0.0 这样的地址，不带端口和网址前缀"
        )
    return text


def _database_url(text: str) -> str:
    remedy = "请写成 sqlite:///文件 或 postgresql://用户:密码@主机/库名"
    try:
        url = make_url(re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", text))
    except (ArgumentError, ValueError) as fault:
        # The text may hold a password, so the message does not repeat it.
        raise SettingsError(DATABASE_URL_NAME, "地址无法识别", remedy) from fault
    if url.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise SettingsError(DATABASE_URL_NAME, f"不支持“{url.drivername}”", remedy)
    if not url.database or url.database == ":memory:":
        raise SettingsError(DATABASE_URL_NAME, "没有写明数据库文件或库名", remedy)
    return url.render_as_string(hide_password=False)


def _notify_urls(text: str) -> tuple[str, ...]:
    urls = tuple(url for url in re.split(r"[\s,]+(?=\w[\w+.-]*://)", text.strip(" ,")) if url)
    for position, url in enumerate(urls, 1):
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://\S+", url):
            # An address holds a token, so the message names its place only.
            raise SettingsError(
                NOTIFY_URLS_NAME,
                f"第 {position} 个地址无法识别",
                "请写成 mailtos://… 这样的 Apprise 地址，用空格或逗号分隔",
            )
    return urls


def _data_folder(text: str) -> Path:
    folder = Path(text).expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        reason = fault.strerror or fault
        raise SettingsError(DATA_NAME, f"不能使用文件夹“{folder}”({reason})", "请改为一个可以写入的文件夹") from fault
    return folder


def _kept_secret_key(path: Path) -> str:
    try:
        if not path.exists():
            _keep_new_secret_key(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(DATA_NAME, f"密钥文件“{path}”不能读写", "请检查该文件夹的权限") from fault
    if len(key) < _SECRET_KEY_LENGTH:
        raise SettingsError(DATA_NAME, f"密钥文件“{path}”已损坏", "请删除该文件后重新启动，所有人须重新登录")
    return key


def _keep_new_secret_key(path: Path) -> None:
    # Linking a finished file lets only one of several starting processes win, and none read half a key.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secret_key-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)
