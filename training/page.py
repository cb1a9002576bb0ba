"""Pieces of the HTML pages that evaluation and comparison write."""

import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;
max-width:80rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0}
h2{font-size:1.3rem;margin:2.2rem 0 .5rem;border-top:1px solid #8886;padding-top:1rem}
h3{font-size:1.05rem;margin:1.4rem 0 .4rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
table{font-size:.88rem}
th,td{padding:.2rem .45rem;text-align:right;border-bottom:1px solid #8884;white-space:nowrap}
th:first-child,td:first-child{text-align:left}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(19rem,1fr));gap:1rem}
.pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(36rem,1fr));gap:1rem}
figure{margin:0;border:1px solid #8886;border-radius:.5rem;overflow:hidden}
figure img{display:block;width:100%;height:16rem;object-fit:contain;background:#0002}
.pairs div{display:grid;grid-template-columns:1fr 1fr;gap:2px}
figcaption{padding:.4rem .7rem;font-size:.88rem;overflow-wrap:anywhere}
.worse{color:#d55e00;font-weight:600}.better{color:#009e73;font-weight:600}
.key span{display:inline-block;padding:0 .5rem;border:3px solid;margin-right:.5rem}
small,.note{opacity:.75}
"""


def write_page(path: Path, title: str, parts: Iterable[str]) -> None:
    """Write a page; a file name that is not valid text is escaped."""
    text = (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n"
        f"<h1>{html.escape(title)}</h1>\n" + "\n".join(parts) + "\n</html>\n"
    )
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def format_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are text, escaped here."""
    lines = ["<tr>" + "".join(f"<th>{html.escape(cell)}</th>" for cell in head) + "</tr>"]
    for row in rows:
        lines.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>")
    return '<div class="wide"><table>' + "\n".join(lines) + "</table></div>"


def format_figure(pictures: Sequence[str], caption: str) -> str:
    """Return pictures side by side with a caption.

    Args:
        pictures: Addresses relative to the page.
        caption: Text, escaped here.
    """
    shown = "".join(
        f'<a href="{html.escape(one)}"><img loading="lazy" src="{html.escape(one)}" '
        f'alt="{html.escape(caption)}"></a>'
        for one in pictures
    )
    return f"<figure><div>{shown}</div><figcaption>{html.escape(caption)}</figcaption></figure>"


def paragraph(text: str, css_class: str = "") -> str:
    """Return a paragraph of text, escaped here."""
    mark = f' class="{css_class}"' if css_class else ""
    return f"<p{mark}>{html.escape(text)}</p>"
