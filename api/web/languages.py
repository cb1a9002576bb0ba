"""Which of the two languages a page speaks."""

from typing import Final, get_args

from starlette.requests import Request

from detector.labels import Language

COOKIE: Final = "street_issues_language"
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
HTML_NAMES: Final[dict[Language, str]] = {"zh": "zh-CN", "en": "en"}


def choose_language(request: Request) -> Language:
    """Return what was chosen on a page, else what the browser prefers, else Chinese."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    return prefer_language(request.headers.get("accept-language", ""))


def prefer_language(accepted: str) -> Language:
    """Return the better liked of the two by an Accept-Language header; Chinese if it names none."""
    liked: dict[Language, float] = {}
    for part in accepted.split(","):
        tag, _, weight = part.partition(";")
        language = tag.strip().lower().split("-")[0]
        if language in LANGUAGES:
            liked[language] = max(liked.get(language, 0.0), _weigh(weight))
    return max(LANGUAGES, key=lambda one: liked.get(one, 0.0))  # The first of equals: Chinese.


def _weigh(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
