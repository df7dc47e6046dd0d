"""The base of errors whose messages are shown in English or in Chinese."""

from wx_domain_exporter.errcodes.types import BilingualText


class BilingualError(Exception):
    """An error with a message in two languages; as a string, it is in English."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.text = BilingualText(en, zh)
