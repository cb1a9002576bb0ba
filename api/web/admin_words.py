"""What checks, files and rules say in English, in Chinese where the reader reads that."""

import re
from typing import Final

from detector.labels import Language

_ZH: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        # Readiness checks
        (r"answers", "应答正常"),
        (r"can be written", "可以写入"),
        (r"workers are up", "运行正常"),
        (r"no worker is up", "没有识别进程在运行"),
        (r"(\d+) MiB free, (\d+) MiB wanted", r"剩余 \1 MiB，至少需要 \2 MiB"),
        (r"(.+), but this release works with (.+)", r"当前为 \1，本版本需要 \2"),
        (r"The checks took longer than (.+) s\.", r"检查超过 \1 秒未完成"),
        (r"The check itself failed; see the logs\.", "检查本身出错，请查看日志"),
        # Webhooks
        (r"It answered (\d+)\.", r"对方应答 \1"),
        (r"The webhook was disabled\.", "推送当时已停用"),
        (r"Disabled by (.+)\.", r"由 \1 停用"),
        (r"No whole answer came within (.+) s\.", r"\1 秒内没有收到完整应答"),
        (r"The connection failed: (.+)", r"连接失败：\1"),
        (r"It answered 410: it wants nothing any more\.", "对方应答 410：不再接收"),
        (r"Nothing got through for three days\.", "连续三天没有送达"),
        # Grid cells
        (r"Feature (\d+)(?: \((.*)\))? has no code in .+", r"第 \1 个要素没有网格编码"),
        (
            r"Feature (\d+)(?: \((.*)\))? has no code of up to (\d+) plain characters\.",
            r"第 \1 个要素的编码不可用（最多 \3 个普通字符）",
        ),
        (r"Feature (\d+) is no feature\.", r"第 \1 项不是要素"),
        (r"Feature (\d+)(?: \((.*)\))? is a .+, no polygon\.", r"第 \1 个要素 \2 不是面"),
        (
            r"Feature (\d+)(?: \((.*)\))? has no sound outline: (.+)",
            r"第 \1 个要素 \2 边界有误：\3",
        ),
        (
            r"Feature (\d+)(?: \((.*)\))? has the position (.+), which is no .+",
            r"第 \1 个要素 \2 的坐标 \3 不是［经度, 纬度］",
        ),
        (r"Feature (\d+)(?: \((.*)\))? has coordinates .+", r"第 \1 个要素 \2 的坐标不是位置列表"),
        (r"Feature (\d+)(?: \((.*)\))? has a ring .+", r"第 \1 个要素 \2 的边界未闭合或少于 4 点"),
        (r"Feature (\d+)(?: \((.*)\))? has a position .+", r"第 \1 个要素 \2 有无效位置"),
        (
            r"The code (.+) stands in (\d+) features; none of them is taken\.",
            r"编码 \1 在 \2 个要素中重复，均未采用",
        ),
        (r"The cells (.+) and (.+) overlap in (\d+) m2\.", r"网格 \1 与 \2 重叠 \3 平方米"),
        # Toilets
        (r"latitude (.+), longitude (.+): no number.*", r"纬度 \1、经度 \2 不是数字"),
        (r"latitude (.+), longitude (.+) is no place on earth.*", r"纬度 \1、经度 \2 超出范围"),
        (r"latitude 0, longitude 0 stands for no position.*", "纬度、经度均为 0，视为没有位置"),
        (r"the id (.+) stands in the file twice", r"编号 \1 在文件中重复"),
        (r"accessibility (.+) is none of .+", r"无障碍“\1”无法识别"),
        (r"fee (.+) is none of .+", r"收费“\1”无法识别"),
        (r"neither a point nor an area", "既不是点也不是面"),
        (r"no feature(?: with a position)?", "不是带位置的要素"),
        (r"an empty geometry", "几何为空"),
        # Rules
        (r"(.+) is missing", r"\1：缺失"),
        (r"(.+) is unknown; known are (.+)", r"\1：不认识的键，可用的键有 \2"),
        (r"(.+) must be a text, in quotes .+", r"\1：应为文字（像数字的请加引号）"),
        (r"(.+) must be a number over (.+)", r"\1：应为大于 \2 的数"),
        (r"(.+) must be a whole number", r"\1：应为整数"),
        (r"(.+) must be a number", r"\1：应为数字"),
        (r"(.+) must be greater than or equal to (.+)", r"\1：应不小于 \2"),
        (r"(.+) must be less than or equal to (.+)", r"\1：应不大于 \2"),
        (r"(.+) is (.+), which is no name or code", r"\1：\2 不是可用的名称或编码"),
        (r"(.+) must be a time zone such as Asia/Shanghai", r"\1：应为时区，如 Asia/Shanghai"),
        (r'(.+) must be a span such as "09:00-12:00"', r'\1：应为时段，如 "09:00-12:00"'),
        (r"(.+) must be spans in order that do not touch", r"\1：时段应依次排列且互不相接"),
        (r"(.+) must hold exactly one of (.+)", r"\1：只能写 \2 其中之一"),
        (
            r"(.+) is a label that the model in use does not flag; it flags (.+)",
            r"\1：正在使用的模型不识别这个类别，它识别 \2",
        ),
        (r"(.+) is not YAML: (.+)", r"\1 不是有效的 YAML：\2"),
    )
)


def say_in(language: Language, text: str) -> str:
    """Return a message of the service's in the reader's language; one unknown stays as it is."""
    if language == "zh":
        for pattern, chinese in _ZH:
            match = pattern.fullmatch(text)
            if match:
                words = match.expand(chinese)
                return re.sub(r"  +", " ", words)
    return text
