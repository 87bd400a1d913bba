/* SPDX-License-Identifier: MIT */
/* inbox.c - the records of a child, as they come out of its pipe. */
#include "inbox.h"
#include "memory.h"
#include <errno.h>
#include <unistd.h>

/* Findings of a step beyond these are not kept: a plugin that writes into the pipe makes them without end. */
#define MOST_FINDINGS 10000

static void
take_sample (const struct record *record, const char *path, char *message, struct check_result *result)
{
    char *name = strchr (message, '\n');
    if (!name)
        return;
    *name = 0;
    result_sample (result, &(struct check_sample){ .path = path,
                                                   .name = name + 1,
                                                   .codec = message,
                                                   .made = record->rule & RECORD_MADE,
                                                   .folder = record->rule & RECORD_FOLDER });
}

/* A record that is whole; its texts follow it. */
static void
take_record (const struct record *record, const unsigned char *texts, struct check_result *result)
{
    CLEAN (text) char *subject = copy_text ((const char *) texts, record->subject);
    CLEAN (text) char *message = copy_text ((const char *) texts + record->subject, record->message);
    if (record->kind == RECORD_SAMPLE)
        take_sample (record, subject, message, result);
    else if (result->finding_count + result->left_out_count == MOST_FINDINGS)
        return;
    else if (record->kind == RECORD_FINDING)
        result_add (result, (enum check_rule) record->rule, subject, message);
    else if (record->kind == RECORD_LEFT_OUT)
        result_leave_out (result, message);
}

bool
inbox_take (struct inbox *inbox, struct check_result *result)
{
    ssize_t got = read (inbox->fd, inbox->bytes + inbox->filled, sizeof inbox->bytes - inbox->filled);
    if (got <= 0)
        return got < 0 && (errno == EINTR || errno == EAGAIN);
    size_t at = 0, end = inbox->filled + (size_t) got;
    for (struct record record; end - at >= sizeof record;) {
        memcpy (&record, inbox->bytes + at, sizeof record);
        if (record.rule >= RULE_COUNT || record.subject > SUBJECT_ROOM || record.message > MESSAGE_ROOM)
            return false;
        size_t size = sizeof record + record.subject + record.message;
        if (size > end - at)
            break;
        take_record (&record, inbox->bytes + at + sizeof record, result);
        at += size;
    }
    memmove (inbox->bytes, inbox->bytes + at, end - at);
    inbox->filled = end - at;
    return true;
}
