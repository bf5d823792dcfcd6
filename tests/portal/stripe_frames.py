"""What a customer does inside Stripe's frames: type a card, take the bank's step."""

from dataclasses import dataclass
from typing import Final

from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.portal.recorder import Recorder

WHOLE: Final = "Secure card payment input frame"
# Title of the frame and name of its input, in the order of the keys.
SPLIT: Final = {
    "number": ("Secure card number input frame", "cardnumber"),
    "expiry": ("Secure expiration date input frame", "exp-date"),
    "code": ("Secure CVC input frame", "cvc"),
}


@dataclass(frozen=True)
class Card:
    """A test card; its security code is one that stands nowhere else by chance."""

    number: str = "4242424242424242"
    expiry: str = "1234"
    code: str = "917"
    postal: str = "94107"


@dataclass(frozen=True)
class StripeFrames:
    """The frames on one page, wherever the portal has put them."""

    page: Page
    recorder: Recorder

    def type_card(self, card: Card = Card(), within: str = "body") -> None:  # noqa: B008 - frozen
        """Fill the card Element, or number, date and code, by keys as a person does."""
        self.recorder.typed(card.number, card.code)
        place = self.page.locator(within)
        either = place.locator(f"iframe[title='{WHOLE}'], iframe[title='{SPLIT['number'][0]}']")
        expect(either).to_be_visible()
        if either.get_attribute("title") == WHOLE:
            frame = place.frame_locator(f"iframe[title='{WHOLE}']")
            self._type(frame.locator("input[name=cardnumber]"), card.number)
            self.page.keyboard.type(card.expiry + card.code)
            postal = frame.locator("input[name=postal]")
            if postal.is_visible():
                self.page.keyboard.type(card.postal)
            return
        for part, (title, name) in SPLIT.items():
            frame = place.frame_locator(f"iframe[title='{title}']")
            self._type(frame.locator(f"input[name={name}]"), getattr(card, part))

    def type_code(self, code: str = Card.code, within: str = "body") -> None:
        """Fill the security code of a stored card."""
        self.recorder.typed(Card.number, code)
        title, name = SPLIT["code"]
        frame = self.page.locator(within).frame_locator(f"iframe[title='{title}']")
        self._type(frame.locator(f"input[name={name}]"), code)

    def bank(self) -> FrameLocator:
        """Give the frame of the bank's step."""
        return self.page.frame_locator("iframe[title='3D Secure authentication']")

    def pass_bank(self) -> None:
        """Confirm at the bank."""
        self.bank().get_by_role("button", name="Complete authentication").click()

    def fail_bank(self) -> None:
        """Let the bank's step fail."""
        self.bank().get_by_role("button", name="Fail authentication").click()

    def _type(self, field: Locator, text: str) -> None:
        field.focus()
        # The frame is another process: it must have the focus before the first key.
        expect(field).to_be_focused()
        self.page.keyboard.type(text)
