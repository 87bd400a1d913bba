/* SPDX-License-Identifier: MIT */
/* output.c - standard output. */
#include "output.h"
#include "memory.h"
#include "signals.h"
#include "text.h"
#include <errno.h>
#include <unistd.h>

/* The errno of the first write that failed: stdio does not keep it. */
static int write_failure;

void
output_start (void)
{
    static char buffer[65536]; /* a list of many tensors takes thousands of writes of a page */
    if (!isatty (STDOUT_FILENO))
        setvbuf (stdout, buffer, _IOFBF, sizeof buffer);
}

bool
output_broken (void)
{
    if (ferror (stdout) && !write_failure)
        write_failure = errno;
    return ferror (stdout) != 0;
}

void
output_shown (const char *format, ...)
{
    va_list list;
    va_start (list, format);
    CLEAN (text) char *text = format_shown (format, list);
    va_end (list);
    fputs (text, stdout);
}

bool
output_write (const void *data, size_t size)
{
    return fwrite (data, 1, size, stdout) == size || !output_broken ();
}

void
output_line (struct line *line)
{
    if (line->length > 0)
        output_write (line->text, line->length);
    line->length = 0;
}

bool
output_close (void)
{
    errno = 0;
    bool failed = output_broken ();
    if (fflush (stdout) != 0)
        failed = true, output_broken ();
    if (fclose (stdout) != 0 && !failed)
        failed = true, write_failure = errno;
    if (!failed)
        return true;
    if (write_failure == EPIPE)
        signals_end_by_pipe ();
    fprintf (stderr, "tenon: standard output: %s\n", strerror (write_failure ? write_failure : EIO));
    return false;
}
