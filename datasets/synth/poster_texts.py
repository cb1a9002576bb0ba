"""What illegal small ads say, and what legal signs say.

Telephone numbers are invented: random digits behind a valid beginning.
"""

import numpy as np

TRADES = (
    "办证", "刻章", "办证刻章", "开锁", "换锁", "开锁换锁", "疏通下水道", "通下水", "管道疏通",
    "高价回收", "回收旧家电", "收旧手机", "租房", "房屋出租", "出租", "单间出租", "出售", "贷款",
    "无抵押贷款", "急用钱", "身份证贷款", "招聘", "急招", "招工", "日结工", "招服务员", "搬家",
    "长途搬家", "家教", "一对一家教", "治病", "专治皮肤病", "祖传秘方", "风湿骨病", "空调维修",
    "空调移机", "空调加氟", "家电维修", "修水电", "防水补漏", "收药", "高价收药", "收烟酒", "二手",
    "二手车", "二手家电", "代开发票", "发票", "私家侦探", "讨债", "要账", "信用卡", "代还信用卡",
    "套现", "刷单", "兼职", "网络兼职", "重金求子", "打孔", "钻孔", "砸墙", "装修", "刮大白",
    "贴瓷砖", "保洁", "擦玻璃", "月嫂", "陪玩", "棋牌", "代孕", "亲子鉴定",
    "算命", "测字", "驾照消分", "年审", "代驾", "文凭", "学历提升", "毕业证", "寻人启事", "寻狗",
)  # fmt: skip

DETAILS = (
    "随叫随到", "价格优惠", "24小时服务", "诚信经营", "上门服务", "本市最低价", "免押金",
    "拎包入住", "家具齐全", "月付", "一室一厅", "两室一厅 精装", "近地铁", "可短租", "当天放款",
    "无需担保",
    "利息低", "凭身份证", "月薪6000-8000", "包吃包住", "男女不限", "18-45岁", "长期有效",
    "技术精湛", "专业师傅", "不通不收费", "各种证件", "快速 保密", "先办后付", "可查可验",
    "电话微信同号",
    "联系人 李师傅", "联系人 王经理", "非诚勿扰", "中介勿扰", "三天见效", "无效退款", "免费咨询",
    "冰箱 洗衣机 电视", "空调 电脑 手机", "小学 初中 高中", "语数外 物理 化学", "有意者联系",
    "地址: 中山路", "电话:", "手机:", "微信:", "QQ:",
)  # fmt: skip

LATIN = (
    "ROOM TO LET", "FOR RENT", "APARTMENT", "WE BUY HOUSES", "CASH FOR CARS", "GARAGE SALE",
    "MOVING?", "CHEAP MOVERS", "LOST CAT", "LOST DOG", "REWARD", "ENGLISH LESSONS", "TUTOR",
    "GUITAR LESSONS", "LIVE MUSIC", "DJ NIGHT", "PARTY", "CONCERT", "WORK FROM HOME", "LOSE WEIGHT",
    "LOANS", "FAST CASH", "PSYCHIC", "LOCKSMITH", "PLUMBER", "VOTE", "STRIKE!", "NO WAR", "RESIST",
    "SKATE", "CREW", "PUNX", "ULTRAS", "TOKYO", "RIOT", "OBEY", "SALE", "JOBS", "HIRING", "YOGA",
    "SE ALQUILA", "VENDO", "COMPRO ORO", "FLETES", "CERRAJERO", "TAROT", "SALSA", "FIESTA",
    "PRESTAMOS", "A LOUER", "VOYANT", "SERRURIER", "ZU MIETEN", "UMZUG", "CHO THUE NHA",
    "KHOAN CAT BE TONG", "CHO VAY", "JUAL RUMAH", "SEDOT WC", "PINJAMAN", "BADGE", "1312", "FTW",
)  # fmt: skip

CYRILLIC = (
    "СДАЮ КВАРТИРУ", "СНИМУ", "КУПЛЮ", "ГРУЗЧИКИ", "РЕМОНТ", "РАБОТА", "ДЕНЬГИ СРАЗУ", "ЗАЙМЫ",
    "НАТЯЖНЫЕ ПОТОЛКИ", "ПРОПАЛА СОБАКА", "ВЫКУП АВТО", "КОНЦЕРТ", "ОБЪЯВЛЕНИЕ", "ХОСТЕЛ",
)  # fmt: skip

BENGALI = (
    "বাসা ভাড়া", "টু-লেট", "রুম ভাড়া দেওয়া হবে", "পড়াতে চাই", "চাকরি", "ভর্তি চলছে", "কোচিং",
    "হারবাল চিকিৎসা", "মেস ভাড়া", "সাবলেট", "ভোট দিন", "শুভেচ্ছা", "সাব্বির ভাই", "মার্কায়",
    "বিজ্ঞপ্তি", "যোগাযোগ", "স্পোকেন ইংলিশ", "জনসভা", "সফল হোক", "গৃহশিক্ষক",
)  # fmt: skip

SHOPS = (
    "兰州拉面", "便民超市", "烟酒店", "中国移动", "大药房", "理发店", "水果店", "五金建材",
    "重庆小面", "沙县小吃", "房产中介", "幼儿园", "社区卫生站", "干洗店", "眼镜店", "PHARMACY",
    "CAFE", "BAKERY", "HOTEL", "BARBER", "BANK", "MARKET", "АПТЕКА", "ПРОДУКТЫ", "FARMACIA",
)  # fmt: skip

NOTICES = (
    "告 示", "通 知", "温馨提示", "居民须知", "社区公告", "消防通道", "垃圾分类", "请勿停车",
    "禁止张贴", "警务公告", "施工公告", "安全须知", "停车收费标准", "小区管理规定", "NOTICE",
    "PARKING", "NO DUMPING", "PRIVATE PROPERTY", "CCTV IN OPERATION", "FIRE EXIT",
)  # fmt: skip

LABELS = (
    "当心触电", "高压危险", "禁止吸烟", "有电危险", "可回收物", "其他垃圾", "厨余垃圾", "有害垃圾",
    "DANGER", "CAUTION", "RECYCLE", "WASTE ONLY", "KEEP CLEAR", "NO SMOKING", "ELECTRIC", "GAS",
    "推", "拉", "PUSH", "OPEN", "营业中", "消火栓", "灭火器", "FIRE HYDRANT", "TRAFICO", "BASURA",
)  # fmt: skip

STREETS = ("中山路", "人民路", "建设街", "解放巷", "和平里", "育才路", "Main St", "Rue du Bac")

_BY_SCRIPT = {"han": TRADES, "latin": LATIN, "cyrillic": CYRILLIC, "bengali": BENGALI}


def choose(phrases: tuple[str, ...], rng: np.random.Generator) -> str:
    """Choose one of some phrases."""
    return phrases[int(rng.integers(len(phrases)))]


def written_in(phrase: str) -> str:
    """Return the script of a phrase; mixed ones count as Chinese where they hold any."""
    if any("\u4e00" <= letter <= "\u9fff" for letter in phrase):
        return "han"
    if any("\u0400" <= letter <= "\u04ff" for letter in phrase):
        return "cyrillic"
    return "latin"


def choose_local(phrases: tuple[str, ...], script: str, rng: np.random.Generator) -> str:
    """Choose one of some phrases in a script, or in Latin letters where there is none."""
    local = tuple(phrase for phrase in phrases if written_in(phrase) == script)
    if not local or (script != "han" and rng.random() < 0.4):
        local = tuple(phrase for phrase in phrases if written_in(phrase) == "latin")
    return choose(local, rng)


def headline(script: str, rng: np.random.Generator) -> str:
    """Choose what an ad offers, in a script."""
    return choose(_BY_SCRIPT[script], rng)


def detail(script: str, rng: np.random.Generator) -> str:
    """Choose a line of small print, in a script."""
    return choose(DETAILS if script == "han" else _BY_SCRIPT[script], rng)


def telephone(script: str, rng: np.random.Generator) -> str:
    """Invent a telephone number as it is written where a script is read."""
    digits = "".join(str(digit) for digit in rng.integers(0, 10, 9))
    if script == "han":
        number = f"1{rng.integers(3, 10)}{digits}"
        return f"{number[:3]}-{number[3:7]}-{number[7:]}" if rng.random() < 0.15 else number
    if script == "bengali":
        return f"01{digits}"
    if script == "cyrillic":
        return f"8-9{digits[:2]}-{digits[2:5]}-{digits[5:7]}-{digits[7:]}"
    return f"{digits[:3]}-{digits[3:6]}-{digits[5:]}" if rng.random() < 0.6 else f"0{digits}"
