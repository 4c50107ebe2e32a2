"""Walk through the served house as one person in a real browser, and hold what went wrong on the way."""

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, Locator, Page, Response

from tests.browser.served import House

# Chromium says of every page with an error's status that it failed to load; the page is what is looked at here.
PATIENCE = 10_000
OWN_STATUS = "Failed to load resource"


@dataclass
class Walk:
    """Hold a person's browser."""

    house: House
    login: str
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda said: self._hear(said.type, said.text, said.location.get("url", "")))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, kind: str, text: str, url: str) -> None:
        own = text.startswith(OWN_STATUS) and "/static/" not in url and not url.endswith(".xml")
        if kind == "error" and not own:
            self.complaints.append(f"{text} {url}")

    def open(self, path: str) -> Response:
        """Open an address."""
        found = self.page.goto(path)
        assert found is not None
        return found

    def press(self, words: str, inside: Locator | None = None) -> Response:
        """Press the first button with exactly these words."""
        button = (inside or self.page.locator("main")).get_by_role("button", name=words, exact=True).first
        with self.page.expect_navigation() as going:
            button.click(timeout=PATIENCE)
        assert going.value is not None
        return going.value

    def follow(self, words: str) -> Response:
        """Follow the link with exactly these words."""
        with self.page.expect_navigation() as going:
            self.page.get_by_role("link", name=words, exact=True).click(timeout=PATIENCE)
        assert going.value is not None
        return going.value

    def fill(self, **fields: str) -> None:
        """Fill in fields by their HTML names."""
        for name, text in fields.items():
            self.page.locator(f'main [name="{name}"]:not([type=hidden])').fill(text)

    def task(self, name: str, about: str = "") -> Response:
        """Open a task of one's own inbox."""
        return self.open(self.house.task(self.login, name, about))
