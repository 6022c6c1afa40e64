"""Pixels that a page shows several times, written once."""

from __future__ import annotations

import re
from collections import Counter

_IMAGE = re.compile(r'<image( class="(?:cells|photo)"[^>]*? href="data:image/png;base64,[^"]+")/>')


def shared_pixels(page: str) -> str:
    """Return a page whose SVG images have their pixels once: others refer to the first one.

    >>> image = '<image class="cells" width="8" href="data:image/png;base64,AA=="/>'
    >>> shared_pixels(f"<svg>{image}</svg><svg>{image}</svg>").replace(image[6:-2], " ...")
    '<svg><image id="pixels-1" .../></svg><svg><use href="#pixels-1"/></svg>'
    """
    # Only those: an id on an image that is shown once would be noise.
    several = {one for one, count in Counter(_IMAGE.findall(page)).items() if count > 1}
    numbers: dict[str, int] = {}

    def written(found: re.Match[str]) -> str:
        drawn = found[1]
        if drawn not in several:
            return found[0]
        if drawn in numbers:
            return f'<use href="#pixels-{numbers[drawn]}"/>'
        numbers[drawn] = len(numbers) + 1
        return f'<image id="pixels-{numbers[drawn]}"{drawn}/>'

    return _IMAGE.sub(written, page)
