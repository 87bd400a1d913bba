/* SPDX-License-Identifier: MIT */
/* tenon/errors.h - recording failures and notes in the manner of printf. <tenon/plugin.h> includes it. */
#include <tenon/plugin.h> /* before the guard: it includes this header at its end */
#ifndef TENON_ERRORS_H
#define TENON_ERRORS_H

#include <stdarg.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns from the enclosing function if the status is negative. */
#define TENON_TRY(expression)                                                                                \
    do {                                                                                                     \
        tenon_status tenon_status_ = (expression);                                                           \
        if (tenon_status_ < 0)                                                                               \
            return tenon_status_;                                                                            \
    } while (0)

/* tenon_fail (call, status, offset, format, …) records a failure at a byte of source 0, or at TENON_AUTO, and
 * is the status: `return tenon_fail (…);`. It is a macro so that the compiler sees that the result is
 * negative, and does not warn about out parameters that are not set. Messages are cut at 511 bytes. */
#define tenon_fail(call, status, offset, ...) tenon_fail_in (call, status, 0, offset, __VA_ARGS__)

/* The same in another source, which the message names: a codec that finds the fault of a file in another one
 * blames that. */
#define tenon_fail_in(call, status, source, offset, ...)                                                     \
    (tenon_fail_text (call, status, source, offset, __VA_ARGS__), (tenon_status) (status))

__attribute__ ((format (printf, 5, 6), unused)) static void
tenon_fail_text (struct tenon_call *call, tenon_status status, uint32_t source, uint64_t offset,
                 const char *format, ...)
{
    char text[512];
    va_list list;
    va_start (list, format);
    vsnprintf (text, sizeof text, format, list);
    va_end (list);
    call->host->fail (call, status, source, offset, text);
}

/* Reports an oddity or a loss: see note in struct tenon_host. */
__attribute__ ((format (printf, 4, 5), unused)) static void
tenon_note (struct tenon_call *call, uint32_t kind, const char *item, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start (list, format);
    vsnprintf (text, sizeof text, format, list);
    va_end (list);
    call->host->note (call, kind, item, text);
}

#ifdef __cplusplus
}
#endif
#endif
