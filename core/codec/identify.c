/* SPDX-License-Identifier: MIT */
/* identify.c - what a file is that no codec reads, or that is not what its name says.
 *
 * It runs after a failure only, in the program, never in an isolated process. What it finds is told in place
 * of a codec's message when that codec was chosen by a name that the contents contradict. */
#include "codec/identify.h"
#include "context/cause.h"
#include "context/signatures.h"
#include "source/decoder.h"
#include <stdio.h>
#include <strings.h>

#define SHOWN_TEXT 100u
#define SHOWN_BYTES 8u
/* So many zeros are no accident, and fewer are some format's beginning. */
#define FEW_BYTES 16u
/* Members whose names are compared with those of plugins. */
#define MEMBERS 1000u

struct look {
    uint8_t *bytes; /* the first ones */
    uint64_t length, size;
};

/* Members of one file that are looked at: an archive may have millions. */
#define MOST_LOOKS 100u

static tenon_status
read_bytes_of (struct tn_session *session, struct tn_source *source, uint64_t offset, void *to,
               uint64_t length)
{
    struct tn_decoder decoder = { .budget = session->budget };
    tenon_error ignored = TENON_ERROR_INIT;
    if (!tn_needs_decoder (source))
        return tn_source_read (source, offset, to, length, &ignored);
    tenon_status status = tn_decoder_read (&decoder, source, offset, to, length, &ignored);
    tn_decoder_free (&decoder);
    return status;
}

/* Reads the beginning of a source. False: it cannot be read; nothing is recorded. */
static TN_OWN_FRAME bool
look_at (struct tn_session *session, struct tn_source *source, struct look *look)
{
    if (source->kind == TN_SOURCE_PART && session->looked++ >= MOST_LOOKS)
        return false;
    look->size = source->size;
    look->length = TN_MIN (source->size, TN_SIGNATURE_HEAD);
    look->bytes = malloc (TN_SIGNATURE_HEAD);
    return look->bytes && read_bytes_of (session, source, 0, look->bytes, look->length) == TENON_OK;
}

/* An isolated process was forked from one whose threads may have held the lock of the table. */
static bool
find_signature (const struct tn_session *session, const struct look *look, struct tn_signature *found)
{
    *found = (struct tn_signature){ .name = NULL };
    return !session->channel && tn_signature_find (session->context, look->bytes, look->length, found);
}

/* ---- what needs no table ---- */

/* ", "FIRST WORDS…"": the text from `at` on, blanks and ends of lines as one blank. */
static void
show_text (const struct look *look, uint64_t at, char *words, size_t room)
{
    char text[SHOWN_TEXT + 1], shown[4 * SHOWN_TEXT + 1];
    size_t fill = 0;
    while (at < look->length && fill < SHOWN_TEXT) {
        bool blank = look->bytes[at] && strchr (" \t\r\n\f", look->bytes[at]);
        if (!blank)
            text[fill++] = (char) look->bytes[at];
        else if (fill > 0 && text[fill - 1] != ' ')
            text[fill++] = ' ';
        at++;
    }
    while (fill > 0 && text[fill - 1] == ' ')
        fill--;
    while (fill > 0 && at < look->length && (text[fill - 1] & 0xc0) == 0x80)
        fill--; /* of a letter that may be cut */
    tn_escape (shown, sizeof shown, text, fill);
    snprintf (words, room, ": \"%s%s\"", shown, at < look->length ? "…" : "");
}

static bool
all_zero (const uint8_t *bytes, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++)
        if (bytes[i])
            return false;
    return true;
}

/* True if the beginning is text in UTF-8. A letter at its end may be cut. */
static bool
is_text (const struct look *look)
{
    uint64_t length = look->length;
    for (unsigned cut = 0;
         look->length < look->size && cut < 3 && length > 0 && look->bytes[length - 1] >= 0x80; cut++)
        length--;
    for (uint64_t i = 0; i < length; i++)
        if ((look->bytes[i] < 0x20 && !(look->bytes[i] && strchr ("\t\r\n\f\b\033", look->bytes[i])))
            || look->bytes[i] == 0x7f)
            return false;
    return length > 0 && tn_utf8 ((const char *) look->bytes, length);
}

/* "it is empty", "its first 4096 bytes are all zero", "it is plain text: …"; with `id` ", no ID file" behind
 * it. False: nothing can be said. */
static TN_OWN_FRAME bool
say_plain (struct tn_session *session, struct tn_source *source, const struct look *look, const char *id,
           char *words, size_t room, const char **advice)
{
    uint8_t end[256];
    size_t fill;
    bool text = false;
    if (look->size == 0) {
        fill = (size_t) snprintf (words, room, "it is empty (0 bytes)");
        *advice = "a download or copy created the file and wrote nothing to it: fetch it again";
    } else if (look->length >= FEW_BYTES && all_zero (look->bytes, look->length)) {
        uint64_t last = TN_MIN (look->size, sizeof end);
        bool ends_so = !tn_needs_decoder (source)
                       && read_bytes_of (session, source, look->size - last, end, last) == TENON_OK
                       && all_zero (end, last);
        fill = (size_t) (look->length == look->size
                             ? snprintf (words, room, "all of its %llu bytes are zero",
                                         (unsigned long long) look->size)
                             : snprintf (words, room, "its first %llu bytes are all zero%s",
                                         (unsigned long long) look->length,
                                         ends_so ? ", and its last ones" : ""));
        *advice = "a download or copy reserved the space and did not fill it: fetch it again";
    } else if ((text = is_text (look)))
        fill = (size_t) snprintf (words, room, "it is plain text");
    else
        return false;
    if (id)
        fill += (size_t) snprintf (words + fill, room - fill, ", no %s file", id);
    if (text)
        show_text (look, 0, words + fill, room - fill);
    return true;
}

/* The name of a part of a file that was cut for a server that takes no large ones. */
static bool
is_name_of_part (const struct tn_source *source)
{
    static const char *const marks[] = { ".part", "-part-", "-split-", ".split", ".chunk" };
    for (size_t i = 0; i < TN_COUNT (marks); i++) {
        const char *at = strstr (source->name, marks[i]);
        if (at && at > source->name && at[strlen (marks[i])])
            return true;
    }
    return false;
}

/* ---- the table, and codecs that are not in use ---- */

/* True if a name ends in a dot and one of these words. */
static bool
has_extension_of (const struct tn_source *source, const char *words)
{
    for (const char *word = words; word && *word; word += strspn (word, " ")) {
        size_t size = strcspn (word, " ");
        if (size + 1 <= source->name_length && source->name[source->name_length - size - 1] == '.'
            && strncasecmp (source->name + source->name_length - size, word, size) == 0)
            return true;
        word += size;
    }
    return false;
}

/* "it is NAME, no ID file: TEXT"; `id` NULL: without it. */
static void
say_signature (const struct tn_signature *signature, const struct look *look, const char *id, char *words,
               size_t room)
{
    size_t fill = (size_t) snprintf (words, room, "it is %s%s%s%s", signature->name, id ? ", no " : "",
                                     id ? id : "", id ? " file" : "");
    if (signature->text != UINT64_MAX && fill < room)
        show_text (look, signature->text, words + fill, room - fill);
}

/* The length of the codec's longest magic among the first bytes; 0: none of them is there. */
static uint32_t
longest_magic (const struct tn_codec *codec, const struct look *look)
{
    uint32_t longest = 0;
    for (uint32_t i = 0; i < codec->table.magic_count; i++) {
        const struct tenon_magic *magic = &codec->table.magics[i];
        if (!magic->from_end && magic->offset <= look->length && magic->length <= look->length - magic->offset
            && memcmp (look->bytes + magic->offset, magic->bytes, magic->length) == 0)
            longest = TN_MAX (longest, magic->length);
    }
    return longest;
}

/* A codec that knows these bytes and is not in use, else one that the name asks for. */
static bool
find_cause (const tenon_context *context, const struct tn_source *source, const struct look *look,
            const char *plugin, char cause[TN_CAUSE_ROOM])
{
    const struct tn_registry *registry = &context->registry;
    const struct tn_dropped *best = NULL;
    uint32_t longest = 0;
    for (uint64_t i = 0; i < registry->dropped_count; i++) {
        uint32_t magic = longest_magic (registry->dropped[i].codec, look);
        if (magic > longest)
            longest = magic, best = &registry->dropped[i];
    }
    if (best) {
        tn_cause_say (best, cause);
        return true;
    }
    if (tn_cause_find (context, source->name, source->name_length, plugin, cause))
        return true;
    if (plugin && !tn_plugin_in_use (context, plugin)) {
        snprintf (cause, TN_CAUSE_ROOM, "the plugin %s, which reads such files, was not found", plugin);
        return true;
    }
    return false;
}

/* The signature says no more than that a file is such an archive. */
static bool
is_of_archive (const struct tn_signature *signature, const struct tn_codec *archive)
{
    const char *extension = archive && archive->extensions[0] ? archive->extensions[0] : "";
    const size_t length = strlen (extension);
    for (const char *word = signature->extensions; word && *word && length > 0; word += strspn (word, " ")) {
        size_t size = strcspn (word, " ");
        if (size == length && memcmp (word, extension, size) == 0)
            return true;
        word += size;
    }
    return false;
}

TN_OWN_FRAME const char *
tn_identify_unknown (struct tn_session *session, struct tn_source *source, const struct tn_codec *archive,
                     char words[TN_IDENTIFY_ROOM])
{
    struct look look = { 0 };
    struct tn_signature signature;
    char cause[TN_CAUSE_ROOM];
    const char *advice = "";
    words[0] = 0;
    if (!look_at (session, source, &look)) {
        free (look.bytes);
        return advice;
    }
    if (find_signature (session, &look, &signature)) {
        advice = signature.advice ? signature.advice : "";
        if (!is_of_archive (&signature, archive)) {
            memcpy (words, ": ", 3);
            say_signature (&signature, &look, NULL, words + 2, TN_IDENTIFY_ROOM - 2);
        }
    }
    size_t fill = strlen (words), room = TN_IDENTIFY_ROOM - fill;
    if (find_cause (session->context, source, &look, signature.plugin, cause))
        snprintf (words + fill, room, "%s %s", fill ? ", and" : ":", cause), advice = "";
    else if (archive)
        ;
    else if (signature.plugin) /* which is in use, and does not recognise the file */
        snprintf (words + fill, room, ", cut off or damaged");
    else if (fill == 0 && say_plain (session, source, &look, NULL, words + 2, room - 2, &advice))
        memcpy (words, ": ", 2);
    else if (fill == 0) {
        fill = (size_t) snprintf (words, room, "; it begins with the bytes");
        for (uint64_t i = 0; i < TN_MIN (look.length, SHOWN_BYTES); i++)
            fill += (size_t) snprintf (words + fill, TN_IDENTIFY_ROOM - fill, " %02x", look.bytes[i]);
        advice = "tenon_why tells what each codec found in it";
        if (is_name_of_part (source))
            advice = "its name says that it is one part of a file that was cut: join the parts with cat";
    }
    free (look.bytes);
    return advice;
}

/* ---- contents that contradict the name ---- */

/* How far the contents speak for the codec. */
enum proof { CODEC_IS_WRONG, CODEC_MAY_BE_RIGHT, CODEC_IS_RIGHT };

/* The codec that reads the bytes of a file: of a keyed codec that of its archives. */
static const struct tn_codec *
codec_of_bytes (const tenon_context *context, const struct tn_codec *codec)
{
    const struct tn_registry *registry = &context->registry;
    for (uint64_t i = 0; codec->table.archive && i < registry->codec_count; i++)
        if (strcmp (registry->codecs[i]->table.id, codec->table.archive) == 0)
            return registry->codecs[i];
    return codec;
}

/* `magic`: the bytes of a magic that was found. */
static enum proof
weigh_codec (const struct tn_codec *codec, const struct tn_source *source, const struct look *look,
             uint32_t *magic)
{
    uint32_t content = source->evidence.known ? source->evidence.content : 0;
    *magic = content >= 1000 ? content - 1000 : longest_magic (codec, look);
    if (*magic > 0 || content > 0)
        return CODEC_IS_RIGHT;
    /* of a codec with neither, or a probe that was not asked, the bytes say nothing */
    bool asked = source->evidence.known && codec->table.probe;
    return asked || (codec->table.magic_count > 0 && !codec->table.probe) ? CODEC_IS_WRONG
                                                                          : CODEC_MAY_BE_RIGHT;
}

TN_OWN_FRAME bool
tn_identify_other (struct tn_session *session, struct tn_source *source, uint64_t number,
                   char words[TN_IDENTIFY_ROOM], const char **advice)
{
    const struct tn_codec *codec = session->context->registry.codecs[number];
    struct look look = { 0 };
    struct tn_signature signature;
    uint32_t magic;
    bool said = false;
    if (!look_at (session, source, &look)) {
        free (look.bytes);
        return false;
    }
    *advice = NULL;
    enum proof proof = weigh_codec (codec_of_bytes (session->context, codec), source, &look, &magic);
    if (find_signature (session, &look, &signature) && !has_extension_of (source, signature.extensions)
        && !(signature.plugin && strcmp (signature.plugin, codec->plugin->name) == 0)
        && (proof == CODEC_IS_WRONG || (proof == CODEC_MAY_BE_RIGHT && signature.evidence > 2)
            || (magic > 0 && signature.evidence > magic) || session->error->status == TENON_E_UNRECOGNISED)) {
        say_signature (&signature, &look, codec->table.id, words, TN_IDENTIFY_ROOM);
        *advice = signature.advice;
        said = true;
    } else if (proof == CODEC_IS_WRONG && !signature.name)
        said = say_plain (session, source, &look, codec->table.id, words, TN_IDENTIFY_ROOM, advice);
    free (look.bytes);
    return said;
}

static bool
is_described (const struct tn_catalog *catalog, uint64_t source)
{
    for (uint64_t i = 0; i < TN_MIN (catalog->description_count, MEMBERS); i++)
        if (catalog->descriptions[i].first == source)
            return true;
    return false;
}

const struct tn_source *
tn_identify_skipped (const tenon_context *context, const struct tn_catalog *catalog,
                     char cause[TN_CAUSE_ROOM])
{
    uint64_t members = tn_cause_exists (context) ? TN_MIN (catalog->source_count, MEMBERS) : 0;
    for (uint64_t i = 0; i < members; i++) {
        const struct tn_source *source = catalog->sources[i];
        if (source->kind == TN_SOURCE_PART
            && tn_cause_find (context, source->name, source->name_length, NULL, cause)
            && !is_described (catalog, i))
            return source;
    }
    return NULL;
}

static bool
is_about_contents (tenon_status status)
{
    return status == TENON_E_MALFORMED || status == TENON_E_TRUNCATED || status == TENON_E_UNSUPPORTED
           || status == TENON_E_LIMIT || status == TENON_E_CHECKSUM || status == TENON_E_UNRECOGNISED;
}

/* Puts other words in place of a failure's, or behind them. */
static void
change_words (tenon_error *error, const char *between, const char *words, bool replace)
{
    char text[sizeof error->message + TN_IDENTIFY_ROOM];
    snprintf (text, sizeof text, "%s%s%s", replace ? "" : error->message, replace ? "" : between, words);
    tn_escape_message (error->message, sizeof error->message, text);
    if (replace)
        error->offset = TN_NO_OFFSET;
}

TN_OWN_FRAME void
tn_identify_failure (struct tn_session *session, struct tn_source *source, uint64_t codec)
{
    char words[TN_IDENTIFY_ROOM], cause[TN_CAUSE_ROOM];
    tenon_error *error = session->error;
    const char *advice = NULL;
    if (session->channel || !is_about_contents (error->status) || error->tensor[0])
        return;
    if (error->status == TENON_E_UNRECOGNISED
        && tn_identify_skipped (session->context, session->catalog, cause))
        change_words (error, ": ", cause, false);
    else if (tn_identify_other (session, source, codec, words, &advice))
        change_words (error, "", words, true);
    if (advice)
        tn_advise (error, "%s", advice);
}
