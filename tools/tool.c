/* SPDX-License-Identifier: MIT */
/* tool.c - the options of every command. */
#include "tool.h"

struct tool tool;
