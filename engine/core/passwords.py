"""Hash passwords, and refuse the weak ones."""

import secrets
import unicodedata
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.ground.errors import Fault

LONGEST = 128
LONG_ENOUGH = 12
LONG_ENOUGH_WHEN_MIXED = 8
FEWEST_DIFFERENT = 5
_WEAK_WORDS = """
password password1 password12 password123 password1234 password123456 passw0rd p@ssw0rd p@ssword p@ssw0rd123
admin123 admin1234 admin12345 admin123456 admin@123 admin@1234 administrator root1234 test1234 test@123 welcome1
welcome123 abc12345 abc123456 abcd1234 abcd12345 abcd123456 abc@1234 abc@12345 aa123456 aa12345678 a1234567
a12345678 a123456789 123456abc 12345678abc 1234abcd 1qaz2wsx 1qaz@wsx 1qazxsw2 1qaz2wsx3edc 1q2w3e4r 1q2w3e4r5t
1q2w3e4r5t6y qwer1234 qwerty123 qwerty123456 qwertyuiop qwertyuiop12 qwertyuiop123 asdf1234 asdfghjkl123
zxcvbnm123 zaq12wsx 123456789012 1234567890123 123456789abc 12345678901234 0123456789ab 098765432109 987654321012
abcdefghijkl abcdefghijklm woaini1314 woaini520 woaini123456 iloveyou1 iloveyou123 5201314aa huawei123 huawei@123
changeme123 changeme1234 letmein12345
"""
WEAK = frozenset(_WEAK_WORDS.split())
# OWASP's second choice for Argon2id: 19 MiB, so that a morning's sign-ins do not fill a small server.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY = _HASHER.hash(secrets.token_urlsafe())
# Without the letters and digits that look alike on paper.
_ALPHABETS = ("ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnpqrstuvwxyz", "23456789")


def normalize(text: str) -> str:
    """Make full-width letters and digits, as a Chinese input method types them, plain ones."""
    return unicodedata.normalize("NFKC", text)


def hash_password(password: str) -> str:
    """Hash a password for keeping."""
    return _HASHER.hash(normalize(password))


def matches(stored: str | None, password: str) -> bool:
    """Tell whether the password is the one; nobody's password takes as long to check as anybody's."""
    if len(password) > LONGEST:
        return False
    try:
        _HASHER.verify(stored or _NOBODY, normalize(password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def generate() -> str:
    """Make an initial password that can be read from paper: four groups of four."""
    every = "".join(_ALPHABETS)
    while True:
        text = "".join(secrets.choice(every) for _ in range(16))
        if all(set(alphabet) & set(text) for alphabet in _ALPHABETS):
            return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def faults(password: str, login: str, element: str = "password") -> list[Fault]:
    """Give everything that is wrong with a new password."""
    text = normalize(password)
    checks = (
        ("too-long", f"密码不能超过{LONGEST}个字符。", len(text) > LONGEST),
        (
            "too-short",
            f"密码至少{LONG_ENOUGH}个字符；或者至少{LONG_ENOUGH_WHEN_MIXED}个字符，"
            "并含大写字母、小写字母、数字、其他符号中的三类。",
            len(text) < (LONG_ENOUGH_WHEN_MIXED if _classes(text) >= 3 else LONG_ENOUGH),
        ),
        ("contains-login", "密码中不能含有登录名。", login.casefold() in text.casefold()),
        ("weak", "这个密码太常见，容易被猜到，请换一个。", _is_weak(text)),
    )
    return [Fault(code, message, element) for code, message, wrong in checks if wrong]


def _classes(text: str) -> int:
    kinds: tuple[Callable[[str], bool], ...] = (str.isupper, str.islower, str.isdigit)
    found = [any(kind(character) for character in text) for kind in kinds]
    other = any(not any(kind(character) for kind in kinds) for character in text)
    return sum(found) + other


def _is_weak(text: str) -> bool:
    plain = text.casefold().strip("!@#.?。！")
    return text.casefold() in WEAK or plain in WEAK or len(set(text)) < FEWEST_DIFFERENT
