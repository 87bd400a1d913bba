/* SPDX-License-Identifier: MIT */
/* step_probe.c - bytes of no format: a probe that is sure of them would take the files of other formats. */
#include "check.h"
#include "library.h"
#include "making.h"
#include "memory.h"
#include "report.h"

enum { PATTERNS = 6, BYTES = 4096 };
/* A format of plain bytes may rightly know one of the patterns, such as zeros; none knows so many. */
#define TOO_MANY 2

static const char *
make_pattern (unsigned pattern, char bytes[BYTES])
{
    static const char words[] = "The quick brown fox jumps over the lazy dog, again and again.\n";
    uint64_t seed = pattern;
    for (unsigned i = 0; i < BYTES; i++)
        bytes[i] = pattern == 0   ? 0
                   : pattern == 1 ? (char) 0xff
                   : pattern == 2 ? words[i % (sizeof words - 1)]
                                  : (char) (made_random (&seed) >> 24);
    return pattern == 0 ? "zeros" : pattern == 1 ? "bytes of 0xff" : pattern == 2 ? "a text" : "random bytes";
}

/* Writes the bytes to a file without an extension. */
static bool
put_bytes (const char *path, const char bytes[BYTES])
{
    FILE *file = fopen (path, "wbe");
    bool good = file && fwrite (bytes, 1, BYTES, file) == BYTES;
    return (!file || fclose (file) == 0) && good;
}

/* True if a codec of the plugin is chosen for the file; `words` are its bid. */
static bool
is_claimed (const struct check *check, tenon_context *context, const char *path, char *words, size_t room)
{
    CLEAN (report) tenon_report *bids = NULL;
    tenon_error error = TENON_ERROR_INIT;
    tenon_report_entry entry;
    tenon_codec_info codec;
    if (tenon_why (context, path, NULL, &bids, &error) < 0)
        return false;
    for (uint64_t i = 0; report_next (bids, TENON_BID, &i, &entry);)
        for (uint64_t index = 0; entry.chosen && check_next_codec (check, context, &index, &codec);)
            if (strcmp (codec.id, entry.subject) == 0) {
                snprintf (words, room, "%s: %s", entry.subject, entry.message);
                return true;
            }
    return false;
}

static void
run_probe (struct check *check, uint64_t from)
{
    static char bytes[BYTES];
    char words[300] = "", all[400] = "";
    unsigned claimed = 0;
    if (!check_item (check, from, 0, "recognising bytes of no format"))
        return;
    CLEAN (context) tenon_context *context = check_context (check, NULL);
    CLEAN (text) char *path = check_path (check, "noise");
    for (unsigned i = 0; context && i < PATTERNS; i++) {
        const char *name = make_pattern (i, bytes);
        if (!put_bytes (path, bytes)) {
            check_left_out (check, "bytes of no format: they could not be written");
            return;
        }
        check_counted (check);
        if (is_claimed (check, context, path, words, sizeof words)) {
            size_t fill = strlen (all);
            snprintf (all + fill, sizeof all - fill, "%s%s", claimed ? ", " : "", name);
            claimed++;
        }
    }
    if (claimed >= TOO_MANY)
        check_found (check, RULE_PROBE, "", "it would open %s (%s)", all, words);
}

const struct check_step check_probe_step = { "probe", "bytes of no format are left to other codecs",
                                             run_probe };
