"""List the versions of the site in FOLDER, and lead its front page to the newest."""

import json
import re
import sys
from pathlib import Path

folder = Path(sys.argv[1])
names = [path.parent.name for path in folder.glob("*/index.html")]
names.sort(key=lambda name: [int(n) for n in re.findall(r"\d+", name)], reverse=True)
(folder / "versions.js").write_text(f"window.LAVA_ACTOR_VERSIONS = {json.dumps(names)};\n", "utf-8")
page = f'<!doctype html><meta http-equiv="refresh" content="0; url={names[0]}/index.html">\n'
(folder / "index.html").write_text(page, "utf-8")
print(f"written to {folder}/index.html: {', '.join(names)}")
