"""What a page of HTML says to a reader."""

from html.parser import HTMLParser


class Text(HTMLParser):
    """Collects the visible words, the ids, and what is inside each section."""

    def __init__(self, text):
        super().__init__()
        self.words, self.ids, self.links, self.hidden = [], [], [], 0
        self.empty, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.hidden += tag in ("script", "style")
        for one in self.open:
            one[1] = one[1] or tag in ("canvas", "svg", "img", "video")
        if tag in ("section", "details", "article", "ul", "table", "figure"):
            self.open.append([f"{tag} {attributes.get('id', '')}", False])
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "a":
            self.links.append(attributes["href"])

    def handle_endtag(self, tag):
        self.hidden -= tag in ("script", "style")
        if self.open and self.open[-1][0].startswith(f"{tag} "):
            name, has_content = self.open.pop()
            if not has_content:
                self.empty.append(name)

    def handle_data(self, data):
        if self.hidden or not data.strip():
            return
        self.words.append(" ".join(data.split()))
        for one in self.open:
            one[1] = True


def visible(page):
    """Return all the words that a reader sees."""
    return " ".join(Text(page).words)
