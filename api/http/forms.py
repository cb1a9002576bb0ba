"""Text fields of a multipart form, read by the same types as JSON bodies."""

from collections.abc import Mapping
from typing import TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError, model_validator

from api.schemas.types import Body, Datum, Latitude, Longitude

Form = TypeVar("Form", bound=BaseModel)


class PlaceForm(Body):
    """Where something is, as a form says it."""

    lat: Latitude | None = Field(default=None, description="Degrees north.", examples=[31.2304])
    lng: Longitude | None = Field(default=None, description="Degrees east.", examples=[121.4737])
    datum: Datum = Field(
        default="wgs84", description="wgs84: GPS, EXIF; gcj02: WeChat, AMap; bd09: Baidu."
    )

    @model_validator(mode="after")
    def _check_both(self) -> "PlaceForm":
        if (self.lat is None) != (self.lng is None):
            raise ValueError("a position has both lat and lng")
        return self


def parse_form(form: type[Form], fields: Mapping[str, str]) -> Form:
    """Read a form's fields; one that is empty counts as not sent, as browsers send them.

    Raises:
        RequestValidationError: A field is unknown or does not fit; names it.
    """
    try:
        return form.model_validate({name: text for name, text in fields.items() if text != ""})
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in found]
        ) from error
