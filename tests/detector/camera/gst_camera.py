"""A foreign RTSP server: GStreamer's, run by the system's Python, which has its bindings.

Prints its port. Arguments: port (0: any), MP4 file with H.264.
"""

import sys

import gi  # type: ignore[import-not-found, unused-ignore] # the system's package

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found, unused-ignore] # noqa: E402 - versions come first

Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    f"( filesrc location={sys.argv[2]} ! qtdemux ! queue ! rtph264pay name=pay0 pt=96"
    " config-interval=-1 )"
)
server.get_mount_points().add_factory("/live", factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
