# SPDX-License-Identifier: MIT
"""A program as a user writes it, for the checkers of types. It never runs."""

import tenon
