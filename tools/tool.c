/* SPDX-License-Identifier: MIT */
/* tool.c - what the command line says to every command. */
#include "tool.h"

struct tool tool;
