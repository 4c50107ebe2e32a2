"""Send notices out of the house: a title and a link, never a content. The only importer of Apprise."""

from collections.abc import Sequence

import apprise

from engine.ground.errors import Stuck


def send(urls: Sequence[str], title: str, link: str) -> None:
    """Send to every configured channel.

    Raises:
        Stuck: a channel is not understood, or did not take it.
    """
    channels = apprise.Apprise()
    unknown = sum(1 for url in urls if not channels.add(url))
    if unknown:
        raise Stuck(f"SUIXU_NOTIFY_URLS 中有 {unknown} 个地址无法识别，请检查。")
    # As text, or a channel that writes HTML or Markdown would take a title for it.
    if not channels.notify(title=title, body=link, body_format=apprise.NotifyFormat.TEXT):
        raise Stuck("外部通知没有发出，请检查 SUIXU_NOTIFY_URLS 所指的服务。")
