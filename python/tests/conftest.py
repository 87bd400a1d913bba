# SPDX-License-Identifier: MIT
"""The closing line that tests/total adds up."""


def pytest_terminal_summary(terminalreporter):
    count = {outcome: len(terminalreporter.getreports(outcome)) for outcome in ("passed", "failed", "error")}
    checks = sum(count.values())
    if checks:
        terminalreporter.write_line(f"{count['passed'] * 100 // checks}%: Checks: {checks}, Failures: {count['failed']}, "
                                    f"Errors: {count['error']}")
