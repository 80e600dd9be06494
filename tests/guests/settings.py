"""What people set in their repositories, each by itself: by a file, the environment, a conftest."""

from __future__ import annotations

from tests.guests.guest import LESS, NOT_OURS, REFUSED, SAME, SECTIONS, Guest


def option(*words: str, **settings: str | bool | list[str]) -> Guest:
    """Return a folder whose `addopts` has some words."""
    return Guest({"addopts": list(words), **settings})


def conftest(text: str, ends: str = SAME) -> Guest:
    """Return a folder with a conftest."""
    return Guest(files={"conftest.py": f"import pytest\n{text}"}, ends=ends)


def hook(text: str, marker: str = "", ends: str = SAME) -> Guest:
    """Return a folder whose conftest implements one hook, given as `NAME(ARGUMENTS): BODY`."""
    return conftest(f"@pytest.hookimpl({marker})\ndef {text}\n", ends)


BACKUPS = "suites/readiness/test_backups.py"
SELECTING = {
    "-k": ("-k", "none_of_ours"),
    "-m": ("-m", "unit"),
    "--deselect": (f"--deselect={BACKUPS}",),
    "--ignore": (f"--ignore={BACKUPS}",),
    "--ignore-glob": ("--ignore-glob=*/test_back*",),
    "-x": ("-x",),
    "--maxfail": ("--maxfail=1",),
    "--lf": ("--lf",),
    "--ff": ("--ff",),
    "--nf": ("--nf",),
    "--sw": ("--sw",),
    "--collect-only": ("--collect-only",),
    "--setup-only": ("--setup-only",),
    "--setup-plan": ("--setup-plan",),
    "--setup-show": ("--setup-show",),
    "--noconftest": ("--noconftest",),
    "--pyargs": ("--pyargs",),
    "--runxfail": ("--runxfail",),
    "--doctest-modules": ("--doctest-modules",),
    "-n 2": ("-n", "2"),
    "-p no:terminal": ("-p", "no:terminal"),
    "-p no:cacheprovider": ("-p", "no:cacheprovider"),
    "-p no:timeout": ("-p", "no:timeout"),
    "-p no:html": ("-p", "no:html"),
    "-p no:xdist": ("-p", "no:xdist"),
    "-p no:warnings": ("-p", "no:warnings"),
    "-p no:skipping": ("-p", "no:skipping"),
    "-q": ("-qq", "--no-header", "--no-summary", "--disable-warnings"),
    "-v": ("-vv", "-rA", "--durations=3", "--showlocals", "--tb=long"),
    "-s": ("-s",),
    "-W error": ("-W", "error"),
}
"""Options that take something away, or change what is printed; all of them can be in a file."""

FIXTURES = "".join(
    f"@pytest.fixture\ndef {name}(): return 'theirs'\n"
    for name in (
        "backups",
        "component",
        "connection",
        "dump",
        "files",
        "gate",
        "measure",
        "owner",
        "request_",
        "run",
        "saved",
        "scope",
        "survey",
        "system",
        "units",
    )
)

TYPED = {
    "--arm": "--rollback-arm=corner",
    "--accept-loss": "--rollback-accept-loss=79m",
    "--component": "--rollback-component=web",
    "--despite": "--rollback-despite=readiness.backups.complete",
    "--dry-run": "--rollback-dry-run",
}
"""Options of ours that count only where they are typed."""

OPTIONS = {
    **{
        f"addopts: {name}": Guest({"addopts": [word]}, ends=REFUSED) for name, word in TYPED.items()
    },
    **{f"addopts: {name}": option(*words) for name, words in SELECTING.items()},
    **{
        f"PYTEST_ADDOPTS: {name}": Guest(environment={"PYTEST_ADDOPTS": " ".join(words)})
        for name, words in SELECTING.items()
    },
    **{
        f"addopts: --import-mode={mode}": option(f"--import-mode={mode}")
        for mode in ("prepend", "append", "importlib")
    },
    "addopts: -p no:rollback": Guest({"addopts": "-p no:rollback"}, ends=NOT_OURS),
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": Guest(
        environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, ends=NOT_OURS
    ),
    "PYTEST_PLUGINS": Guest(
        files={"theirs.py": "def pytest_configure(): ...\n"},
        environment={"PYTEST_PLUGINS": "theirs", "PYTHONPATH": "."},
    ),
    "addopts: --strict-markers": option("--strict-markers"),
    "addopts: --strict-config": option("--strict-config"),
    "addopts: --rootdir elsewhere": option("--rootdir=/"),
    "addopts: --basetemp": option("--basetemp=theirs"),
}

INI = {
    "nothing": Guest(),
    "python_files": Guest({"python_files": ["check_*.py"]}),
    "python_functions": Guest({"python_functions": ["check_*"]}),
    "python_classes": Guest({"python_classes": ["*"]}),
    "timeout": Guest({"timeout": "0.001"}),
    "timeout_method": Guest({"timeout": "0.001", "timeout_method": "thread"}),
    "timeout_func_only": Guest({"timeout": "0.001", "timeout_func_only": "true"}),
    "strict": Guest({"strict": "true"}),
    "xfail_strict": Guest({"xfail_strict": "true"}),
    "filterwarnings": Guest({"filterwarnings": ["error"]}),
    "usefixtures": Guest({"usefixtures": ["nobody_has_it"]}),
    "empty_parameter_set_mark": Guest({"empty_parameter_set_mark": "xfail"}),
    "norecursedirs": Guest({"norecursedirs": ["suites", "readiness", "*"]}),
    "testpaths": Guest({"testpaths": ["theirs"]}, files={"theirs/test_a.py": "assert False\n"}),
    "junit_family": Guest({"junit_family": "xunit2", "addopts": "--junitxml=theirs.xml"}),
    "log_cli": Guest({"log_cli": "true", "log_cli_level": "DEBUG", "log_level": "DEBUG"}),
    "log_file": Guest({"log_file": "rollback.toml/none"}, ends=REFUSED),
    "console_output_style": Guest({"console_output_style": "classic"}),
    "cache_dir": Guest({"cache_dir": "rollback.toml/none"}),
    "consider_namespace_packages": Guest({"consider_namespace_packages": "true"}),
    "pythonpath": Guest(
        {"pythonpath": ["."]},
        files={"fixtures/__init__.py": "1/0\n", "suites/__init__.py": "", "pydantic_.py": ""},
    ),
    "faulthandler_timeout": Guest({"faulthandler_timeout": "0.5"}),
    "enable_assertion_pass_hook": Guest({"enable_assertion_pass_hook": "true"}),
    "required_plugins": Guest({"required_plugins": ["pytest-rollback", "pytest-timeout"]}),
    "a misspelt setting": Guest({"python_filez": "x"}),
    "rootdir above": Guest(kept="pyproject.toml", files={"setup.py": "1/0\n"}),
    **{
        f"settings in {name}": Guest({"python_files": ["x"], "addopts": ["-k", "no"]}, kept=name)
        for name in SECTIONS
    },
}

CONFTESTS = {
    "fixtures named as ours": conftest(FIXTURES),
    "autouse fixtures named as ours": conftest(
        FIXTURES.replace("@pytest.fixture\n", "@pytest.fixture(autouse=True)\n")
    ),
    "an autouse fixture that skips": conftest(
        "@pytest.fixture(autouse=True)\ndef never(): pytest.skip('theirs')\n"
    ),
    "collect_ignore": conftest("collect_ignore_glob = ['*']\ncollect_ignore = ['suites']\n"),
    "modifyitems: skips all": hook(
        "pytest_collection_modifyitems(items):\n"
        "    for each in items: each.add_marker(pytest.mark.skip(reason='theirs'))",
        "tryfirst=True",
    ),
    "modifyitems: xfails all": hook(
        "pytest_collection_modifyitems(items):\n"
        "    for each in items: each.add_marker(pytest.mark.xfail(reason='theirs'))",
        "trylast=True",
    ),
    "modifyitems: deselects all": hook(
        "pytest_collection_modifyitems(items): items.clear()", "tryfirst=True"
    ),
    "modifyitems: deselects all, as a wrapper": hook(
        "pytest_collection_modifyitems(items):\n    yield\n    items.clear()",
        "wrapper=True, tryfirst=True",
    ),
    "modifyitems: reverses": hook(
        "pytest_collection_modifyitems(items): items.reverse()", "trylast=True"
    ),
    "collection_finish: leaves none": hook(
        "pytest_collection_finish(session): session.items.clear()"
    ),
    "makereport: all passed": hook(
        "pytest_runtest_makereport():\n    report = yield\n    report.outcome = 'passed'\n"
        "    return report",
        "wrapper=True, tryfirst=True",
    ),
    "makereport: all skipped": hook(
        "pytest_runtest_makereport(call):\n    call.excinfo = None", "tryfirst=True"
    ),
    "makereport: another report": hook(
        "pytest_runtest_makereport(item, call):\n"
        "    return pytest.TestReport(item.nodeid, item.location, {}, 'passed', None, call.when)",
        "tryfirst=True",
    ),
    "logreport: all passed": hook(
        "pytest_runtest_logreport(report): report.outcome = 'passed'", "tryfirst=True"
    ),
    "sessionfinish: 0": hook(
        "pytest_sessionfinish(session):\n    yield\n    session.exitstatus = 0", "wrapper=True"
    ),
    "sessionfinish: 0, at last": hook(
        "pytest_sessionfinish(session): session.exitstatus = 0", "trylast=True"
    ),
    "teststatus": hook("pytest_report_teststatus(): return 'passed', '.', 'PASSED'"),
    "runtestloop: nothing": hook("pytest_runtestloop(): return True", "tryfirst=True", LESS),
    "protocol: nothing": hook("pytest_runtest_protocol(): return True", "tryfirst=True"),
    "setup: skips": hook("pytest_runtest_setup(): pytest.skip('theirs')", "tryfirst=True"),
    "call: skips": hook("pytest_runtest_call(): pytest.skip('theirs')", "tryfirst=True"),
    "pyfunc_call: nothing": hook("pytest_pyfunc_call(): return True", "tryfirst=True"),
    "fixture_setup: theirs": hook("pytest_fixture_setup(): return 'theirs'", "tryfirst=True", LESS),
    "generate_tests: no component": hook(
        "pytest_generate_tests(metafunc):\n"
        "    if 'component' in metafunc.fixturenames: metafunc.parametrize('component', [])",
        "tryfirst=True",
    ),
    "ignore_collect": hook("pytest_ignore_collect(): return True", "tryfirst=True"),
    "pycollect_makeitem": hook("pytest_pycollect_makeitem(): return []", "tryfirst=True"),
    "make_collect_report: nothing": hook(
        "pytest_make_collect_report(collector):\n    report = yield\n    report.result = []\n"
        "    return report",
        "wrapper=True, tryfirst=True",
        LESS,
    ),
    "runs each three times": conftest("""
from _pytest.runner import runtestprotocol
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    for _ in range(3):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for each in reports:
        each.outcome = "passed"
        item.ihook.pytest_runtest_logreport(report=each)
    return True
"""),
}

BESIDE = {
    "files of the same names in suites/readiness": Guest(
        files={BACKUPS: "def test_theirs(): assert False\n"}
    ),
    "packages fixtures and suites": Guest(
        {"addopts": "--import-mode=prepend", "pythonpath": ["."]},
        files={
            "fixtures/__init__.py": "1/0\n",
            "suites/__init__.py": "1/0\n",
            "suites/conftest.py": "def pytest_collection_modifyitems(items): items.clear()\n",
        },
    ),
    "modules of their own with names of ours": Guest(
        files={"criteria.py": "1/0\n", "fixtures.py": "1/0\n", "plugin/__init__.py": "1/0\n"},
    ),
    "a module of their own called pytest_rollback": Guest(
        files={"pytest_rollback.py": "1/0\n"}, ends=REFUSED
    ),
}

SETTINGS = {**INI, **OPTIONS, **CONFTESTS, **BESIDE}
