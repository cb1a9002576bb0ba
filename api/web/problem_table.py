"""Every refusal that a page can show, in Chinese: what is wrong, and what to do.

English readers read the service's own words, which name what exactly was wrong; where those are
written for programs, the second text stands in for them.
"""

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, tuple[str, str | None]]] = {
    # Who asks
    "signed_out": ("登录已失效，请重新登录。", "You are signed out: sign in again."),
    "session_ended": ("登录已失效，请重新登录。", "You are signed out: sign in again."),
    "csrf": ("页面已过期，请重新打开后再做一次。", "This page is out of date: open it again."),
    "unauthenticated": ("密钥不正确，或已被停用。", "This key is not known, or was revoked."),
    "not_for_people": ("这个密钥供系统接入使用，不能登录处置台。", None),
    "locked_out": ("该地址输错次数过多，已暂时锁定，请稍后再试。", None),
    "right_missing": (
        "您的密钥没有这项权限，请向管理员申请。",
        "Your key does not have the right to do this: ask an administrator.",
    ),
    "move_forbidden": (
        "您的密钥没有做这一步的权限，请向管理员申请。",
        "Your key does not have the right to do this: ask an administrator.",
    ),
    "limited_to_grids": ("您的密钥只限部分网格，不能使用这一页。", None),
    "outside_grids": ("这个位置不在您的网格范围内。", None),
    "place_out_of_reach": (
        "这个位置不在您的网格范围内。",
        "This place lies outside your grid cells.",
    ),
    "originals_missing": ("您的密钥不能下载未打码原图，请向管理员申请。", None),
    "rate_limited": ("操作过于频繁，请稍后再试。", None),
    # Addresses and forms
    "not_found": (
        "没有找到，或不在您的网格范围内。请检查地址或编号。",
        "It does not exist, or lies outside your grid cells. Check the address or the number.",
    ),
    "no_such_address": ("没有这个页面，请检查地址。", "There is no such page: check the address."),
    "method_not_allowed": ("不能这样打开这个地址，请从页面上操作。", None),
    "refused": ("请求没有被接受，请返回重试。", None),
    "invalid_request": (
        "填写的内容有误，请改正后重新提交。",
        "What was filled in does not fit: correct it and send it again.",
    ),
    "bad_cursor": ("这一页已失效，请从第一页开始。", "This page is gone: begin at the first."),
    "form_damaged": ("上传中断或内容损坏，请重新提交。", None),
    "field_too_large": ("有一项填写过长，请缩短后再提交。", None),
    "body_too_large": ("内容太大，请减小后再提交。", None),
    "body_too_slow": ("上传太慢，已中断。请换好一些的网络再试。", None),
    "not_multipart": ("上传格式有误，请从页面上提交。", None),
    # Service
    "internal": (
        "服务内部出错，已记录。请稍后再试；仍不行请联系管理员。",
        "Something went wrong, and is on record. Try again later, or tell an administrator.",
    ),
    "database_unavailable": ("数据库没有响应，本次没有执行，请稍后再试。", None),
    "database_busy": ("数据库繁忙，本次没有执行，请稍后再试。", None),
    "storage_full": ("存储空间已满，没有保存，请联系管理员。", None),
    "photos_unavailable": ("照片存储没有响应，请稍后再试。", None),
    "uploads_full": ("同时上传的人太多，请稍后再试。", None),
    "pool_full": ("识别服务繁忙，请稍后再试。", None),
    "exports_full": ("正在导出其他文件，请稍后再试。", None),
    "no_worker": ("识别服务没有运行，请稍后再试或联系管理员。", None),
    "no_pool": ("识别服务没有运行，请联系管理员。", None),
    "shutting_down": ("服务正在重启，请稍后再试。", None),
    "worker_died": ("识别这张照片时出错，请换一张照片或稍后再试。", None),
    "worker_failed": ("识别这张照片时出错，请换一张照片或稍后再试。", None),
    "scoring_timeout": ("识别这张照片超时，请换一张照片或稍后再试。", None),
    "inference_failed": ("识别这张照片时出错，请稍后再试。", None),
    # Photos
    "unreadable": ("照片无法读取，请换一张。", None),
    "empty": ("文件是空的，请重新选择照片。", None),
    "file_too_large": ("照片文件太大，请换小一些的照片。", None),
    "too_many_pixels": ("照片像素太多，请换小一些的照片。", None),
    "too_small": ("照片太小，看不清，请换一张。", None),
    "not_a_picture": ("这不是照片文件，请重新选择。", None),
    "unsupported_type": ("不支持这种文件，请用 JPEG、PNG、WebP 或 HEIC。", None),
    "heic_extra_missing": ("本服务不支持 HEIC，请用 JPEG。", None),
    "truncated": ("照片不完整，请重新上传。", None),
    "corrupt": ("照片文件已损坏，请换一张。", None),
    "photo_deleted": ("照片已过保存期限或应要求删除。", None),
    "photo_damaged": ("照片文件已损坏，无法打开。", None),
    "photo_unreadable": ("照片文件已损坏，无法打开。", None),
    "picture_failed": ("图片无法生成，请稍后再试。", None),
    "picture_timeout": ("图片生成超时，请稍后再试。", None),
    "pictures_waiting": ("等待图片的人太多，请稍后再试。", None),
    "picture_unavailable": ("图片暂时无法生成，请稍后再试。", None),
    # Cases
    "case_changed": (
        "这个案件刚刚被别人更改，请刷新查看后再决定。",
        "Somebody else changed this case in the meantime: look at it anew, then decide.",
    ),
    "illegal_move": (
        "案件的状态已变，不能再做这一步，请刷新查看。",
        "The case has moved on and this step is no longer possible.",
    ),
    "case_ended": ("案件已经结束，请先重新打开。", "The case has ended: reopen it first."),
    "no_move": ("没有这个操作，请刷新后再试。", "There is no such step: open the page again."),
    "bad_batch": ("一次办理的案件太少或太多，请重新选择。", None),
    "reason_missing": ("请填写理由。", "Say why."),
    "reopen_too_late": (
        "结束时间过久，不能重新打开，请重新上报。",
        "It ended too long ago to be reopened: report the problem again.",
    ),
    "merge_into_itself": ("不能并入自身。", "A case cannot be merged into itself."),
    "merge_elsewhere": ("请用“合并”办理。", "Merge it by its own form."),
    "merge_choice": (
        "请选择一个案件，或填写一个案件号，二者取一。",
        "Choose a case, or type a case's number: one of the two.",
    ),
    "split_reports": (
        "请选择要拆出的上报，并至少留下一条。",
        "Choose the reports to split off, and leave at least one.",
    ),
    "position_invalid": ("经纬度有误，请改正。", "This is no place on earth."),
    "position_incomplete": ("请同时填写纬度和经度。", "A position has a latitude and a longitude."),
    "label_unknown": ("没有这个类别。", "There is no such label."),
    "unknown_label": ("识别类别不在本系统的规则之内，请重新选择。", None),
    "unit_missing": ("请填写处置单位。", "Say which unit is to handle it."),
    "not_being_handled": (
        "案件不在处理中，不能提交处置后照片。",
        "The case is not being handled: no after-photo is due.",
    ),
    "box_invalid": (
        "有方框不在照片内，或太小，请改正后再保存。",
        "A box lies outside the photo, or is too small.",
    ),
    "finding_unknown": (
        "照片已重新识别，请刷新页面后再改。",
        "The photo was scored anew: open the page again.",
    ),
    "finding_repeated": ("同一个方框判断了两次，请刷新页面后再改。", None),
    "right_label": ("方框的类别与判断不符，请改正后再保存。", None),
    "right_box": ("方框的位置与判断不符，请改正后再保存。", None),
    "verdict_empty": ("还没有任何判断。", "Nothing is said yet."),
    "bad_reason": ("请填写下载原因，至少 10 个字符。", None),
    # Ledger and statistics
    "too_many_rows": ("案件太多，一个表格放不下。请按日期筛选，或导出 CSV。", None),
    "export_failed": ("导出文件没有写成，请稍后再试。", None),
    "span_backward": ("起始日期晚于结束日期，请改正。", None),
    "span_far": ("日期超出范围，请改正。", None),
    "span_too_long": ("时间范围太长，请缩短。", None),
    # Cameras
    "camera_code_taken": ("该编号已被使用（停用的摄像机也占用编号），请换一个编号。", None),
    "camera_changed": (
        "别人刚刚改过这台摄像机，您的修改没有保存。请在新窗口打开本页，查看后再改。",
        None,
    ),
    "hours_invalid": (
        "监看时段有误：各时段须先后相接、互不重叠，只有最后一段可以跨零点。",
        None,
    ),
    "zones_changed": (
        "监看区域刚刚被别人更改，请重新打开本页再划定。",
        None,
    ),
    "zone_invalid": ("监看区域有误，请重新划定。", None),
    # Keys and webhooks
    "key_exists": ("这个密钥已存在。", None),
    "key_made_already": (
        "这个密钥已经生成，表单重复提交。若没有看到密钥，请停用它再重新生成。",
        None,
    ),
    "bad_key": ("密钥的格式不正确。", None),
    "bad_key_name": ("密钥名称须填写，最多 80 个可显示的字符。", None),
    "bad_grid_prefix": ("网格前缀有误，请改正（每个最多 64 个字符，最多 100 个）。", None),
    "unknown_role": ("没有这个角色。", None),
    "grids_beyond_key": ("不能给出您自己没有的网格范围。", None),
    "originals_beyond_key": ("您的密钥不能下载原图，因此也不能给出这项权限。", None),
    "last_admin_key": ("这是最后一个管理员密钥，不能停用。请先发放另一个。", None),
    "bad_time": ("时间格式不正确，例如 2026-03-02T09:00。", None),
    "nothing_asked": ("请选择要重新推送的时间。", "Choose a time to send again from."),
    "event_type_unknown": ("没有这种事件类型，请改正或勾选整类。", None),
    "too_many_webhooks": ("推送数量已达上限，请先删除不用的。", None),
    "webhook_address_refused": ("不允许推送到这个地址（内网或保留地址），请换一个。", None),
    "webhook_host_unknown": ("推送地址的主机名无法解析，请检查。", None),
    "webhook_url_invalid": ("推送地址有误，应为 https:// 开头的完整网址。", None),
    "webhook_made_already": (
        "这个推送已经建立，表单重复提交。若没有看到签名密钥，请在它的页面上更换。",
        None,
    ),
    "webhook_changed": (
        "别人刚刚改过这个推送，您的修改没有保存。请重新打开它的页面再改。",
        None,
    ),
    "webhook_deleted": ("这个推送已删除。", None),
    "webhook_disabled": ("这个推送已停用，请先启用。", None),
    # Files of grids, toilets and rules
    "file_missing": ("没有收到文件，请选择文件。", None),
    "file_empty": ("文件是空的，请重新选择。", None),
    "file_not_json": ("文件不是有效的 JSON，请导出为 UTF-8 的 GeoJSON。", None),
    "ending_unknown": ("文件名须以 .csv、.geojson 或 .json 结尾；Excel 表请另存为 CSV。", None),
    "datum_unknown": ("没有这种坐标系，请选择 WGS-84、GCJ-02 或 BD-09。", None),
    "grid_crs": ("网格文件不是经纬度坐标（WGS-84），请转换后再导入。", None),
    "grid_damaged": ("已存的网格数据损坏，请重新导入。", None),
    "grid_empty": ("文件中没有可用的网格，没有导入。", None),
    "grid_invalid": ("这不是网格文件，应为 GeoJSON 的 FeatureCollection。", None),
    "position_missing": ("没有位置：需要经度和纬度两列。", None),
    "csv_invalid": (
        "第一行无法读取。请存为 CSV，首行写：名称,纬度,经度,地址,开放时间,无障碍,收费。",
        None,
    ),
    "columns_missing": (
        "第一行缺少纬度或经度列。首行应如：名称,纬度,经度,地址,开放时间,无障碍,收费。",
        None,
    ),
    "geojson_invalid": (
        "文件不是有效的 GeoJSON 要素集合（FeatureCollection），请重新导出，或存为 CSV。",
        None,
    ),
    "encoding_unknown": ("文件编码无法识别，请存为 UTF-8 或 GB 18030。", None),
    "toilets_empty": ("文件中没有可用的公厕，没有导入。", None),
    "rules_unreadable": ("规则文件无法读取，请存为 UTF-8 文本。", None),
    "rules_too_long": ("规则文件过大，请确认选对了文件。", None),
    "rules_invalid": ("规则文件有误，请改正后再检查。", None),
}
NEVER_ON_PAGES: Final = frozenset(
    {
        # Command line, and how the service is set
        *("backup_damaged", "backup_exists", "backup_failed", "backup_missing", "backup_too_new"),
        *("data_folder_unusable", "database_not_empty", "database_url_invalid", "ledger_damaged"),
        *("ledger_inconsistent", "ledger_outdated", "ledger_revision_unknown"),
        *("ledger_step_back", "ledger_unknown", "other_database", "photos_not_empty"),
        *("photos_unusable", "photos_url_invalid", "restore_failed", "secret_damaged"),
        *("secret_exists", "secret_missing", "secret_unusable", "setting_invalid"),
        *("setting_unknown", "settings_unreadable", "tool_missing", "traces_left"),
        *("webhook_networks_invalid", "photos_missing", "extra_missing", "output_unwritable"),
        *("usage", "bad_geometry", "copy_gone"),
        # For programs alone: Open311, cameras' news, the queue, intake, feedback
        *("body_broken", "media_type_unknown", "form_invalid", "form_not_utf8", "form_too_large"),
        *("not_a_form", "place_missing", "position_half", "status_invalid", "time_invalid"),
        *("span_invalid", "too_many_ids", "incident_id_taken", "idempotency_key_reused"),
        *("source_forbidden", "lease_lost"),
        # The citizens' own pages have words of their own
        *("objected_already", "objection_too_late", "still_open", "photo_waiting"),
        *("report_erased", "too_many_reports"),
    }
)
"""Codes that the console never answers with."""
