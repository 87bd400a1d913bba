/* SPDX-License-Identifier: MIT */
/* signatures.c - compares the first bytes of a file with the table of signatures.
 *
 * The table stays a list of settings, in which the entries of a section follow each other: looking at it
 * takes microseconds, and happens only when a file cannot be read. */
#include "context/signatures.h"
#include "base/report.h"
#include "context/config.h"
#include "context/option.h"
#include "context/settings_ini.h"
#include <strings.h>

/* A line of a configuration is shorter. */
#define LONGEST_PATTERN 256u

struct tn_signature_table {
    struct tn_settings given; /* of the configuration */
    pthread_mutex_t lock;     /* of what follows */
    struct tn_settings built_in;
    bool parsed;
};

struct tn_signature_table *
tn_signature_table_new (void)
{
    struct tn_signature_table *table = calloc (1, sizeof *table);
    if (table)
        pthread_mutex_init (&table->lock, NULL);
    return table;
}

void
tn_signature_table_free (struct tn_signature_table *table)
{
    if (!table)
        return;
    tn_settings_free (&table->given);
    tn_settings_free (&table->built_in);
    pthread_mutex_destroy (&table->lock);
    free (table);
}

struct tn_settings *
tn_signature_settings (struct tn_signature_table *table)
{
    return &table->given;
}

/* ---- patterns ---- */

/* Bytes, of which those with `any` may be others. */
struct pattern {
    uint64_t offset;
    uint32_t length, fixed;
    uint8_t bytes[LONGEST_PATTERN];
    bool any[LONGEST_PATTERN];
};

static int
hex_digit (char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* One byte of a pattern, and the bytes of text that it takes; 0: it is no escape. */
static unsigned
take_byte (const char *text, uint8_t *byte, bool *any)
{
    static const char letters[] = "nrt\\?", means[] = "\n\r\t\\?";
    *any = false;
    *byte = (uint8_t) text[0];
    if (text[0] != '\\')
        return 1;
    if (text[1] == 'x' && hex_digit (text[2]) >= 0 && hex_digit (text[3]) >= 0) {
        *byte = (uint8_t) (hex_digit (text[2]) * 16 + hex_digit (text[3]));
        return 4;
    }
    const char *letter = text[1] ? strchr (letters, text[1]) : NULL;
    if (!letter)
        return 0;
    *any = text[1] == '?';
    *byte = (uint8_t) means[letter - letters];
    return 2;
}

/* "@N BYTES" or "BYTES". False: it is none. */
static bool
read_pattern (const char *text, bool may_have_place, struct pattern *pattern)
{
    pattern->offset = pattern->length = pattern->fixed = 0;
    if (may_have_place && text[0] == '@') {
        char *end;
        if (text[1] < '0' || text[1] > '9')
            return false;
        pattern->offset = strtoull (text + 1, &end, 10);
        if (*end != ' ' || pattern->offset >= TN_SIGNATURE_HEAD)
            return false;
        text = end + strspn (end, " ");
    }
    while (*text) {
        uint32_t i = pattern->length;
        unsigned step = i < LONGEST_PATTERN ? take_byte (text, &pattern->bytes[i], &pattern->any[i]) : 0;
        if (step == 0)
            return false;
        pattern->fixed += !pattern->any[i];
        pattern->length++;
        text += step;
    }
    return pattern->fixed > 0;
}

static uint8_t
lower_letter (uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t) (c - 'A' + 'a') : c;
}

static bool
fits_at (const struct pattern *pattern, const uint8_t *head, uint64_t length, uint64_t at, bool letters)
{
    if (at > length || pattern->length > length - at)
        return false;
    for (uint32_t i = 0; i < pattern->length; i++) {
        uint8_t found = head[at + i], wanted = pattern->bytes[i];
        if (!pattern->any[i] && (letters ? lower_letter (found) != lower_letter (wanted) : found != wanted))
            return false;
    }
    return true;
}

/* ---- sections ---- */

struct head {
    const uint8_t *bytes;
    uint64_t length, text; /* where its text begins, behind a byte order mark and blanks */
};

static uint64_t
begin_of_text (const uint8_t *bytes, uint64_t length)
{
    uint64_t at = length >= 3 && memcmp (bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < length && bytes[at] && strchr (" \t\r\n", bytes[at]))
        at++;
    return at;
}

static bool
is_key (const struct tn_entry *entry, enum tn_key_number key)
{
    return entry->key && strcmp (entry->key, tn_keys[key].option.name) == 0;
}

/* The bytes of an entry of `bytes`, `text` or `also` that match; 0: they do not. */
static TN_OWN_FRAME uint32_t
match_entry (const struct tn_entry *entry, const struct head *head)
{
    struct pattern pattern;
    bool text = is_key (entry, TN_KEY_SIGNATURE_TEXT), also = is_key (entry, TN_KEY_SIGNATURE_ALSO);
    if (!read_pattern (entry->value, !text && !also, &pattern))
        return 0;
    if (!also)
        return fits_at (&pattern, head->bytes, head->length, text ? head->text : pattern.offset, text)
                   ? pattern.fixed
                   : 0;
    for (uint64_t at = 0; at + pattern.length <= head->length; at++)
        if (fits_at (&pattern, head->bytes, head->length, at, false))
            return pattern.fixed;
    return 0;
}

static bool
is_refused (const struct tn_entry *entry)
{
    struct tenon_setting setting;
    tenon_error ignored = TENON_ERROR_INIT;
    return is_key (entry, TN_KEY_SIGNATURE_ENABLED)
           && (tn_option_parse (&tn_keys[TN_KEY_SIGNATURE_ENABLED].option, entry->section, entry->value,
                                entry->origin, &setting, &ignored)
                   < 0
               || !setting.integer);
}

/* Compares a section, the entries first … end - 1, with the beginning of a file. */
static bool
match_section (const struct tn_settings *settings, uint64_t first, uint64_t end, const struct head *head,
               struct tn_signature *found)
{
    uint32_t begins = 0, more = 0;
    *found = (struct tn_signature){ .text = UINT64_MAX };
    for (uint64_t i = first; i < end; i++) {
        const struct tn_entry *entry = &settings->entries[i];
        if (is_refused (entry))
            return false;
        if (is_key (entry, TN_KEY_SIGNATURE_NAME))
            found->name = entry->value;
        else if (is_key (entry, TN_KEY_SIGNATURE_ADVICE))
            found->advice = entry->value;
        else if (is_key (entry, TN_KEY_SIGNATURE_PLUGIN))
            found->plugin = entry->value;
        else if (is_key (entry, TN_KEY_SIGNATURE_EXTENSION))
            found->extensions = entry->value;
        else if (is_key (entry, TN_KEY_SIGNATURE_BYTES) || is_key (entry, TN_KEY_SIGNATURE_TEXT)) {
            uint32_t matched = match_entry (entry, head);
            begins = TN_MAX (begins, matched);
            if (matched > 0 && is_key (entry, TN_KEY_SIGNATURE_TEXT))
                found->text = head->text;
        } else if (is_key (entry, TN_KEY_SIGNATURE_ALSO)) {
            uint32_t matched = match_entry (entry, head);
            if (matched == 0)
                return false;
            more += matched;
        }
    }
    found->evidence = begins + more;
    return begins > 0 && found->name;
}

/* The end of the section that begins at entry `first`. */
static uint64_t
section_end (const struct tn_settings *settings, uint64_t first)
{
    const struct tn_entry *entry = &settings->entries[first];
    uint64_t end = first + 1;
    while (end < settings->count && settings->entries[end].layer == entry->layer
           && strcmp (settings->entries[end].section, entry->section) == 0)
        end++;
    return end;
}

/* True if one of the entries from `first` on is in this section. */
static bool
has_section (const struct tn_settings *settings, uint64_t first, const char *section)
{
    for (uint64_t i = first; i < settings->count; i++)
        if (strcmp (settings->entries[i].section, section) == 0)
            return true;
    return false;
}

/* Sections of which `later` has one of the same name are left out. */
static void
match_all (const struct tn_settings *settings, const struct tn_settings *later, const struct head *head,
           struct tn_signature *best)
{
    struct tn_signature found;
    for (uint64_t first = 0, end; first < settings->count; first = end) {
        const char *section = settings->entries[first].section;
        end = section_end (settings, first);
        if (has_section (settings, end, section) || (later && has_section (later, 0, section)))
            continue;
        if (match_section (settings, first, end, head, &found) && found.evidence >= best->evidence)
            *best = found;
    }
}

bool
tn_signature_find (tenon_context *context, const uint8_t *bytes, uint64_t length, struct tn_signature *found)
{
    struct tn_signature_table *table = context->signatures;
    struct head head = { bytes, length, begin_of_text (bytes, length) };
    tenon_error ignored = TENON_ERROR_INIT;
    *found = (struct tn_signature){ .text = UINT64_MAX };
    pthread_mutex_lock (&table->lock);
    if (!table->parsed)
        tn_settings_parse (&table->built_in, "built-in signatures", (const char *) tn_signatures_text,
                           tn_signatures_size, &ignored);
    table->parsed = true;
    pthread_mutex_unlock (&table->lock);
    match_all (&table->built_in, &table->given, &head, found);
    match_all (&table->given, NULL, &head, found);
    return found->name != NULL;
}

/* ---- checks ---- */

TN_OWN_FRAME tenon_status
tn_signature_check_entry (const struct tn_entry *entry, tenon_error *error)
{
    struct pattern pattern;
    struct tenon_setting setting;
    uint32_t key = TN_KEY_SIGNATURE_NAME;
    if (!entry->key)
        return TENON_OK;
    while (key <= TN_KEY_SIGNATURE_ENABLED && !is_key (entry, key))
        key++;
    if (key > TN_KEY_SIGNATURE_ENABLED)
        return tn_config_unknown_key (entry, NULL, 0, error);
    if (entry->more)
        return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: [%s] %s is no list that += could add to",
                        entry->origin, TN_SHOW (entry->section), entry->key);
    bool place = key == TN_KEY_SIGNATURE_BYTES;
    if ((place || key == TN_KEY_SIGNATURE_TEXT || key == TN_KEY_SIGNATURE_ALSO)
        && !read_pattern (entry->value, place, &pattern))
        return tn_fail (
            error, TENON_E_CONFIG, TN_NO_OFFSET,
            "%s: [%s] %s = '%s': expected are bytes%s, of which \\xNN is one, \\? any one, and \\\\ "
            "a backslash",
            entry->origin, TN_SHOW (entry->section), entry->key, TN_SHOW (entry->value),
            place ? ", after @N those at byte N, up to 4095" : "");
    return tn_option_parse (&tn_keys[key].option, entry->section, entry->value, entry->origin, &setting,
                            error);
}

/* A section without a name, or without bytes, says nothing. */
static tenon_status
check_whole (const struct tn_settings *settings, uint64_t first, uint64_t end, tenon_error *error)
{
    bool name = false, bytes = false, refused = false;
    for (uint64_t i = first; i < end; i++) {
        const struct tn_entry *entry = &settings->entries[i];
        name = name || is_key (entry, TN_KEY_SIGNATURE_NAME);
        bytes = bytes || is_key (entry, TN_KEY_SIGNATURE_BYTES) || is_key (entry, TN_KEY_SIGNATURE_TEXT);
        refused = refused || is_refused (entry);
    }
    if (refused || (name && bytes))
        return TENON_OK;
    const struct tn_entry *entry = &settings->entries[first];
    return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: [%s] has no %s", entry->origin,
                    TN_SHOW (entry->section), !name ? "name" : "bytes and no text");
}

/* Notes a fault of a file; one of the program is a failure. */
static tenon_status
tell_signature_fault (tenon_context *context, const struct tn_entry *entry, tenon_error *fault, bool *good,
                      tenon_error *error)
{
    if (fault->status == TENON_OK)
        return TENON_OK;
    *good = false;
    if (entry->layer == TN_LAYER_PROGRAM)
        return tn_fail (error, fault->status, TN_NO_OFFSET, "%s", fault->message);
    tn_report_add (context->report, TENON_NOTE, TENON_E_CONFIG, 0, "", "", "%s: this signature is not used",
                   fault->message);
    tn_error_clear (fault);
    return TENON_OK;
}

static TN_OWN_FRAME tenon_status
check_section (tenon_context *context, uint64_t first, uint64_t end, bool *good, tenon_error *error)
{
    const struct tn_settings *settings = &context->signatures->given;
    tenon_error fault = TENON_ERROR_INIT;
    *good = true;
    for (uint64_t i = first; i < end; i++) {
        tn_signature_check_entry (&settings->entries[i], &fault);
        TN_TRY (tell_signature_fault (context, &settings->entries[i], &fault, good, error));
    }
    if (*good)
        check_whole (settings, first, end, &fault);
    return tell_signature_fault (context, &settings->entries[first], &fault, good, error);
}

/* Takes the entries first … end - 1 out. */
static void
drop_entries (struct tn_settings *settings, uint64_t first, uint64_t end)
{
    for (uint64_t i = first; i < end; i++)
        tn_entry_free (&settings->entries[i]);
    memmove (settings->entries + first, settings->entries + end,
             (settings->count - end) * sizeof *settings->entries);
    settings->count -= end - first;
}

tenon_status
tn_signatures_check (tenon_context *context, tenon_error *error)
{
    struct tn_settings *settings = &context->signatures->given;
    bool good;
    for (uint64_t first = 0, end; first < settings->count; first = good ? end : first) {
        end = section_end (settings, first);
        TN_TRY (check_section (context, first, end, &good, error));
        if (!good)
            drop_entries (settings, first, end);
    }
    return TENON_OK;
}
