/* SPDX-License-Identifier: MIT */
/* common.h - what every file of the tenon command includes. The command is an application like any other: it
 * knows the library by <tenon/tenon.h> alone. */
#ifndef TOOL_COMMON_H
#define TOOL_COMMON_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>

#define PRINTF_LIKE(text, first) __attribute__ ((format (printf, text, first)))
#define COUNT_OF(array) (sizeof (array) / sizeof (array)[0])

/* The exit statuses of the command. */
enum {
    EXIT_DONE = 0,
    EXIT_NO = 1,     /* the question was understood, and the answer is no */
    EXIT_TROUBLE = 2 /* a file is unreadable, no codec recognises it, or the usage is wrong */
};
#endif
