/* SPDX-License-Identifier: MIT */
/* tell.c - what a step tells, out of its process. */
#include "tell.h"
#include <errno.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof (struct record) + SUBJECT_ROOM + MESSAGE_ROOM <= 4096, "a record fits in PIPE_BUF");

uint64_t
milliseconds_now (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (uint64_t) time.tv_sec * 1000 + (uint64_t) time.tv_nsec / 1000000;
}

static void
tell_record (struct check *check, char kind, uint32_t rule, const char *subject, const char *message)
{
    struct record record = { (unsigned char) kind, rule, (uint32_t) strnlen (subject, SUBJECT_ROOM),
                             (uint32_t) strnlen (message, MESSAGE_ROOM) };
    struct iovec parts[] = { { &record, sizeof record },
                             { (void *) (uintptr_t) subject, record.subject },
                             { (void *) (uintptr_t) message, record.message } };
    while (writev (check->child->pipe, parts, 3) < 0)
        if (errno != EINTR)
            _exit (EXIT_TROUBLE);
}

bool
tell_line (const struct check_child *child, char *line, size_t room)
{
    char text[2048];
    ssize_t length = pread (child->output, text, sizeof text - 1, (off_t) child->printed);
    text[length > 0 ? length : 0] = 0;
    const char *error = strstr (text, "ERROR: "); /* of a sanitizer */
    const char *begin = error ? error : text + strspn (text, "\n");
    size_t letters = strcspn (begin, "\n");
    snprintf (line, room, "%.*s", letters < 300 ? (int) letters : 300, begin);
    return length > 0;
}

void
tell_output (struct check *check)
{
    struct check_child *child = check->child;
    char line[400];
    fflush (stdout);
    off_t end = lseek (child->output, 0, SEEK_END);
    if (end < 0 || (uint64_t) end <= child->printed || !tell_line (child, line, sizeof line))
        return;
    child->printed = (uint64_t) end;
    check_found (check, RULE_PRINTS, "", "%s printed \"%s\"", child->doing, line);
}

bool
check_item (struct check *check, uint64_t from, uint64_t number, const char *format, ...)
{
    struct check_child *child = check->child;
    if (number < from)
        return false;
    tell_output (check);
    va_list list;
    va_start (list, format);
    vsnprintf (child->doing, sizeof child->doing, format, list);
    va_end (list);
    child->number = number;
    child->began = milliseconds_now ();
    return true;
}

void
check_counted (struct check *check)
{
    check->child->counted++;
}

void
check_found (struct check *check, enum check_rule rule, const char *subject, const char *format, ...)
{
    char message[MESSAGE_ROOM];
    va_list list;
    va_start (list, format);
    vsnprintf (message, sizeof message, format, list);
    va_end (list);
    tell_record (check, RECORD_FINDING, (uint32_t) rule, subject, message);
}

void
check_left_out (struct check *check, const char *format, ...)
{
    char message[MESSAGE_ROOM];
    va_list list;
    va_start (list, format);
    vsnprintf (message, sizeof message, format, list);
    va_end (list);
    tell_record (check, RECORD_LEFT_OUT, 0, "", message);
}

void
check_has_sample (struct check *check, const struct check_sample *sample)
{
    char message[MESSAGE_ROOM];
    if (strlen (sample->path) > SUBJECT_ROOM) {
        check_left_out (check, "a sample whose path has more than %d bytes: %.200s", SUBJECT_ROOM,
                        sample->path);
        return;
    }
    snprintf (message, sizeof message, "%s\n%s", sample->codec, sample->name);
    tell_record (check, RECORD_SAMPLE,
                 (sample->made ? RECORD_MADE : 0) | (sample->folder ? RECORD_FOLDER : 0), sample->path,
                 message);
}
