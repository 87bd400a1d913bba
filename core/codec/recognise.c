/* SPDX-License-Identifier: MIT */
/* recognise.c - finds the codec of a source: by its content (a magic, else probe), then by the longest
 * extension, then by priority. */
#include "codec/recognise.h"
#include "base/report.h"
#include "codec/call.h"
#include "codec/identify.h"
#include "codec/rules.h"
#include "source/decoder.h"
#include <stdio.h>
#include <strings.h>

#define HEAD_SIZE 512u
#define PROBE_WRONG UINT32_MAX /* it returned what no probe may return */

struct bid {
    uint32_t content; /* 0: nothing in the bytes; magic: 1000 + its length; probe: 50 … 100 */
    size_t extension; /* length of the extension that fits */
    int64_t priority;
    bool denied; /* the codec looks at bytes, and these are not its own */
};

/* The beginning of a source, read once for the magics of all codecs. */
struct head {
    uint8_t bytes[HEAD_SIZE];
    uint64_t length;
};

/* Reads through the readahead, or with a decoder of its own. */
static tenon_status
read_bytes (struct tn_session *session, struct tn_source *source, uint64_t offset, void *to, uint64_t length,
            tenon_error *error)
{
    struct tn_decoder decoder = { .budget = session->budget };
    bool done;
    TN_TRY (tn_budget_work (session->budget, TN_WORK_READ + length));
    source = tn_source_plain (source);
    TN_TRY (tn_readahead_read (session->readahead, source, offset, to, length, &done, error));
    if (done)
        return TENON_OK;
    TN_TRY (tn_unpack_when_due (session->context, &session->catalog->store, source,
                                tn_decoder_cost (&decoder, source, offset, length), true, error));
    if (tn_source_plain (source) != source)
        return tn_source_read (tn_source_plain (source), offset, to, length, error);
    tenon_status status = tn_decoder_read (&decoder, source, offset, to, length, error);
    tn_decoder_free (&decoder);
    return status;
}

static bool
has_magic (struct tn_session *session, struct tn_source *source, const struct head *head,
           const struct tenon_magic *magic)
{
    uint8_t bytes[256];
    uint64_t at = magic->offset;
    if (magic->length == 0 || magic->length > sizeof bytes)
        return false;
    if (magic->from_end) {
        if (at > source->size)
            return false;
        at = source->size - at;
    }
    if (at > source->size || magic->length > source->size - at)
        return false;
    if (at <= head->length && magic->length <= head->length - at)
        return memcmp (head->bytes + at, magic->bytes, magic->length) == 0;
    tenon_error ignored = TENON_ERROR_INIT;
    return read_bytes (session, source, at, bytes, magic->length, &ignored) == TENON_OK
           && memcmp (bytes, magic->bytes, magic->length) == 0;
}

/* The length of the codec's longest magic that is there, + 1000; 0: none is. */
static uint32_t
find_magic (struct tn_session *session, struct tn_source *source, const struct head *head,
            const struct tn_codec *codec)
{
    uint32_t content = 0;
    for (uint32_t i = 0; i < codec->table.magic_count; i++) {
        const struct tenon_magic *magic = &codec->table.magics[i];
        if (!magic->from_end && magic->offset < head->length
            && head->bytes[magic->offset] != (uint8_t) magic->bytes[0])
            continue; /* soon: a container has thousands of members */
        if (has_magic (session, source, head, magic))
            content = TN_MAX (content, 1000 + magic->length);
    }
    return content;
}

/* How sure the codec's probe is, 50 to 100; 0 means no, and so does a failure; or PROBE_WRONG. */
static uint32_t
ask_probe (struct tn_session *outer, struct tn_source *source, uint64_t number)
{
    const struct tn_codec *codec = outer->context->registry.codecs[number];
    tenon_error ignored = TENON_ERROR_INIT;
    struct tn_session session = *outer;
    session.error = &ignored;
    session.report = NULL;
    session.arena = (struct tn_arena){ .budget = session.budget };
    if (tn_budget_work (session.budget, TN_WORK_CALL) < 0)
        return 0;
    struct tn_call call;
    tn_call_begin (&call, &session, TN_CALL_PROBE, number);
    call.source = source;
    uint32_t outer_plugin = tn_plugin_enter (codec->plugin);
    int32_t sure = codec->table.probe (tn_call_enter (&call));
    tn_plugin_leave (codec->plugin, outer_plugin);
    tn_call_end (&call, TENON_OK);
    tn_arena_free (&session.arena);
    /* TENON_DEBUG=abi: a broken rule is told, and so is the memory that abi,fail=N withheld */
    if (outer->context->debug && (ignored.status == TENON_E_MISUSE || ignored.status == TENON_E_MEMORY))
        *outer->error = ignored;
    return sure > 100 ? PROBE_WRONG : sure >= (int32_t) TENON_SURE_MATCH ? (uint32_t) sure : 0;
}

/* Content beats names. Among bids with content, the longer extension decides, then the stronger content, then
 * the priority. Of codecs with an extension only, one whose bytes these are not comes last. */
static int
compare_bids (const struct bid *a, const struct bid *b)
{
    if ((a->content > 0) != (b->content > 0))
        return a->content > 0 ? 1 : -1;
    if (a->extension != b->extension)
        return a->extension > b->extension ? 1 : -1;
    if (a->content != b->content)
        return a->content > b->content ? 1 : -1;
    if (a->priority != b->priority)
        return a->priority > b->priority ? 1 : -1;
    return (int) b->denied - (int) a->denied;
}

static void
report_bid (tenon_report *report, const tenon_context *context, uint64_t codec, const struct bid *bid,
            bool chosen, const char *file)
{
    const struct tn_codec *entry = context->registry.codecs[codec];
    char content[80] = "its bytes are not recognised";
    if (bid->content > 1000)
        snprintf (content, sizeof content, "a magic of %u bytes matches", bid->content - 1000);
    else if (bid->content > 0)
        snprintf (content, sizeof content, "its bytes look right (%u of 100)", bid->content);
    tn_report_add (report, TENON_BID, chosen ? TENON_OK : TENON_E_UNRECOGNISED, chosen, entry->table.id, file,
                   "%s, %s%s%s", content,
                   bid->extension ? "its extension fits" : "its extension is not this codec's",
                   entry->table.describe ? "" : ", and the codec only writes",
                   entry->table.archive_functions ? "; its keys tell what it holds" : "");
}

/* The best bid, and another one that is as good; UINT64_MAX: none. */
static void
choose_bid (const struct tn_registry *registry, const struct bid *bids, uint64_t *winner, uint64_t *rival)
{
    *winner = *rival = UINT64_MAX;
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        if ((bids[i].content == 0 && bids[i].extension == 0) || !registry->codecs[i]->table.describe)
            continue;
        int order = *winner == UINT64_MAX ? 1 : compare_bids (&bids[i], &bids[*winner]);
        if (order > 0)
            *winner = i, *rival = UINT64_MAX;
        else if (order == 0)
            *rival = i;
    }
}

static TN_OWN_FRAME tenon_status
fail_unknown (struct tn_session *session, struct tn_source *source)
{
    char words[TN_IDENTIFY_ROOM];
    const char *advice = tn_identify_unknown (session, source, NULL, words);
    (void) tn_fail (session->error, TENON_E_UNRECOGNISED, TN_NO_OFFSET, "no codec recognises it%s", words);
    return tn_advise (session->error, "%s", advice);
}

static tenon_status
fail_to_choose (struct tn_session *session, struct tn_source *source, uint64_t winner, uint64_t rival,
                bool quiet)
{
    struct tn_codec **codecs = session->context->registry.codecs;
    if (winner == UINT64_MAX && quiet)
        return TENON_E_UNRECOGNISED;
    tn_source_fail_in (source, session->error);
    if (session->context->registry.codec_count == 0) {
        (void) tn_fail (session->error, TENON_E_UNRECOGNISED, TN_NO_OFFSET, "no codec is in use");
        return tn_advise (session->error, "tenon_context_report tells what became of the plugins");
    }
    if (winner == UINT64_MAX)
        return fail_unknown (session, source);
    return tn_fail (session->error, TENON_E_AMBIGUOUS, TN_NO_OFFSET,
                    "%s and %s claim it equally; set priority in [codec %s], or name the format",
                    codecs[winner]->table.id, codecs[rival]->table.id, codecs[winner]->table.id);
}

static tenon_status
read_magic_bytes (struct tn_session *session, struct tn_source *source, struct head *head)
{
    tenon_error ignored;
    uint64_t length = TN_MIN (source->size, HEAD_SIZE);
    bool done;
    head->length = 0;
    if (tn_readahead_read (session->readahead, source, 0, head->bytes, length, &done, session->error) < 0)
        return session->error->status;
    if (done) {
        head->length = length;
        return TENON_OK;
    }
    ignored = (tenon_error) TENON_ERROR_INIT;
    if (read_bytes (session, source, 0, head->bytes, length, &ignored) == TENON_OK)
        head->length = length;
    if (session->error->status == TENON_OK
        && (ignored.status == TENON_E_IO
            || ignored.status == TENON_E_MEMORY)) /* no other format would help */
        *session->error = ignored;
    return session->error->status;
}

/* The longest extension that fits, of the codecs that can describe it by their magic. */
static size_t
longest_with_magic (const struct tn_registry *registry, const struct tn_source *source,
                    const uint32_t *contents)
{
    size_t longest = 0;
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        if (contents[i] <= 1000 || contents[i] == PROBE_WRONG || !registry->codecs[i]->table.describe)
            continue;
        size_t own = tn_extension_length (registry->codecs[i], source->name, source->name_length);
        longest = TN_MAX (longest, own);
    }
    return longest;
}

tenon_status
tn_recognise_contents (struct tn_session *session, struct tn_source *source, bool all, uint32_t *contents)
{
    const struct tn_registry *registry = &session->context->registry;
    struct head head;
    bool magic = false;
    TN_TRY (read_magic_bytes (session, source, &head));
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        const struct tn_codec *codec = registry->codecs[i];
        contents[i] = tn_codec_is_hidden (codec) ? 0 : find_magic (session, source, &head, codec);
        magic = magic || (contents[i] > 0 && codec->table.describe);
    }
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        const struct tn_codec *codec = registry->codecs[i];
        if (contents[i] > 0 || !codec->table.probe || !codec->table.describe || tn_codec_is_hidden (codec))
            continue;
        /* a magic loses against a longer extension only */
        size_t own = magic && !all ? tn_extension_length (codec, source->name, source->name_length) : 0;
        bool hopeless = magic && !all && (own == 0 || own <= longest_with_magic (registry, source, contents));
        if (!hopeless)
            contents[i] = ask_probe (session, source, i);
    }
    return session->error->status;
}

/* What the bytes say for each codec. */
static tenon_status
ask_contents_of (struct tn_session *session, struct tn_source *source, bool all, uint32_t *contents)
{
    const struct tn_registry *registry = &session->context->registry;
    TN_TRY (session->proxy ? session->proxy->ask (session, source, all, contents)
                           : tn_recognise_contents (session, source, all, contents));
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        if (contents[i] != PROBE_WRONG)
            continue;
        const char *id = registry->codecs[i]->table.id;
        contents[i] = 0;
        if (session->report)
            tn_report_add (session->report, TENON_NOTE, TENON_E_MISUSE, 0, id, source->name,
                           "the probe of the codec %s returned more than 100, which counts as no", id);
    }
    return TENON_OK;
}

/* The only codec that the bytes speak for, as in most members: then names do not matter. UINT64_MAX: there
 * are more, or none. */
static uint64_t
find_only (const struct tn_registry *registry, const uint32_t *contents)
{
    uint64_t only = UINT64_MAX;
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        if (contents[i] == 0)
            continue;
        if (only != UINT64_MAX || !registry->codecs[i]->table.describe)
            return UINT64_MAX;
        only = i;
    }
    return only;
}

/* The bids of all codecs, in their order. Hidden ones make none. */
static void
collect_bids (const struct tn_registry *registry, const struct tn_source *source, const uint32_t *contents,
              struct bid *bids)
{
    for (uint64_t i = 0; i < registry->codec_count; i++) {
        const struct tn_codec *codec = registry->codecs[i];
        if (tn_codec_is_hidden (codec))
            continue;
        bids[i] = (struct bid){ contents[i], tn_extension_length (codec, source->name, source->name_length),
                                codec->priority,
                                contents[i] == 0 && (codec->table.magic_count > 0 || codec->table.probe) };
    }
}

size_t
tn_keyed_extension (const tenon_context *context, const struct tn_codec *codec, const char *name,
                    uint64_t length)
{
    size_t own = tn_extension_length (codec, name, length);
    for (uint64_t i = 0; own == 0 && codec->table.root_keys && i < context->registry.codec_count; i++) {
        const struct tn_codec *archive = context->registry.codecs[i];
        size_t outer = archive->table.archive_functions ? tn_extension_length (archive, name, length) : 0;
        if (outer > 0)
            own = tn_extension_length (codec, name, length - outer - 1);
    }
    return own;
}

void
tn_recognise_note (struct tn_session *session, const struct tn_source *source, uint64_t codec)
{
    const struct tn_codec *entry = session->context->registry.codecs[codec];
    if (session->report && strchr (source->name, '.')
        && tn_keyed_extension (session->context, entry, source->name, source->name_length) == 0)
        tn_report_add (session->report, TENON_NOTE, TENON_OK, 0, "",
                       source->path ? source->path : source->name,
                       "its contents are %s, its extension is not", entry->table.id);
}

/* Holds the bids of all codecs against each other. `contents`: what the bytes say. */
static TN_OWN_FRAME tenon_status
compare_all (struct tn_session *session, struct tn_source *source, const char *word, const uint32_t *contents,
             uint64_t *codec, bool quiet, tenon_report *report)
{
    const struct tn_registry *registry = &session->context->registry;
    const char *file = source->path ? source->path : source->name;
    uint64_t winner, rival;
    TN_FREE struct bid *bids = calloc (registry->codec_count + 1, sizeof *bids);
    if (!bids)
        return tn_fail_memory (session->error);
    collect_bids (registry, source, contents, bids);
    choose_bid (registry, bids, &winner, &rival);
    tenon_status status = TENON_OK;
    if (word)
        status = tn_codec_find (session->context, word, TN_TO_READ, codec, session->error);
    else if (winner == UINT64_MAX || rival != UINT64_MAX)
        status = fail_to_choose (session, source, winner, rival, quiet);
    else
        *codec = winner;
    bool is_archive = status == TENON_OK && registry->codecs[*codec]->table.archive_functions;
    for (uint64_t i = 0; report && i < registry->codec_count; i++)
        if (!tn_codec_is_hidden (registry->codecs[i])
            && (!is_archive || !registry->codecs[i]->table.root_keys)) /* of which the keys decide */
            report_bid (report, session->context, i, &bids[i],
                        status == TENON_OK && i == *codec && !is_archive, file);
    return status;
}

tenon_status
tn_recognise (struct tn_session *session, struct tn_source *source, const char *word, uint64_t *codec,
              bool quiet, tenon_report *report)
{
    const struct tn_registry *registry = &session->context->registry;
    if (word && !report)
        return tn_codec_find (session->context, word, TN_TO_READ, codec, session->error);
    TN_TRY (tn_budget_work (session->budget, TN_WORK_CALL));
    uint32_t few[16];
    TN_FREE uint32_t *many = NULL;
    uint32_t *contents = few;
    if (registry->codec_count > TN_COUNT (few)
        && !(contents = many = calloc (registry->codec_count, sizeof *contents)))
        return tn_fail_memory (session->error);
    TN_TRY (ask_contents_of (session, source, report != NULL, contents));
    uint64_t only = report ? UINT64_MAX : find_only (registry, contents);
    if (only != UINT64_MAX)
        *codec = only;
    else
        TN_TRY (compare_all (session, source, word, contents, codec, quiet, report));
    if (word)
        return TENON_OK;
    source->evidence.known = true;
    source->evidence.content = contents[*codec];
    if (!registry->codecs[*codec]->table.archive_functions)
        tn_recognise_note (session, source, *codec);
    return TENON_OK;
}
