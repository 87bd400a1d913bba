/* SPDX-License-Identifier: MIT */
/* loss.c - tells of what a save loses, and counts it. */
#include "codec/loss.h"
#include "base/report.h"
#include "codec/write.h"
#include <stdio.h>

void
tn_loss (struct tn_call *call, const char *item, const char *format, ...)
{
    char text[600];
    va_list list;
    va_start (list, format);
    vsnprintf (text, sizeof text, format, list);
    va_end (list);
    ++*call->writer->losses;
    if (call->session->report)
        tn_report_add (call->session->report, TENON_LOSS, TENON_OK, 0, item, "", "%s", text);
}
