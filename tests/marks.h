/* SPDX-License-Identifier: MIT */
/* marks.h - included before every test. Check notes each assertion that passes with a system call, and some
 * tests have millions. An assertion that fails gives its place without these notes. */
#ifndef TESTS_MARKS_H
#define TESTS_MARKS_H
#include <check.h>
#undef fail /* a member of struct tenon_host */
#undef _mark_point
#define _mark_point(file, line) ((void) 0)
#endif
