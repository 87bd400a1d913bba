/* SPDX-License-Identifier: MIT */
/* noentry.c - a shared object that is no plugin. */
__attribute__ ((visibility ("default"))) int some_function (int number);

int
some_function (int number)
{
    return number + 1;
}
