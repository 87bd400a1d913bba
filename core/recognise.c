/* recognise.c - which codec takes a source: first by content (magic, else probe), then by the longest
 * extension, then by priority. */
#include "call.h"
#include <stdio.h>
#include <strings.h>

#define HEAD_SIZE 512u
#define PROBE_MATCH 50

struct bid {
    uint32_t content; /* 0: nothing in the bytes; magic: 1000 + its length; probe: 50 … 100 */
    size_t extension; /* length of the extension that fits */
    int64_t priority;
};

size_t
tn_extension_length (const struct tn_codec *codec, const char *name, uint64_t length)
{
    size_t longest = 0;
    for (char *const *extension = codec->extensions; extension && *extension; extension++) {
        size_t size = strlen (*extension);
        if (size + 1 <= length && size > longest && name[length - size - 1] == '.'
            && strncasecmp (name + length - size, *extension, size) == 0)
            longest = size;
    }
    return longest;
}

/* The head is read once for all codecs' magics. */
struct head {
    uint8_t bytes[HEAD_SIZE];
    uint64_t length;
};

static bool
has_magic (struct tn_call *call, struct tn_source *source, const struct head *head,
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
    return tn_call_read (call, source, at, bytes, magic->length) == TENON_OK
           && memcmp (bytes, magic->bytes, magic->length) == 0;
}

/* What one codec makes of the source. Failures on the way mean no. */
static struct bid
ask (struct tn_run *outer, struct tn_source *source, const struct head *head, uint64_t number)
{
    const struct tn_codec *codec = outer->context->registry.codecs[number];
    tenon_error ignored = TENON_ERROR_INIT;
    struct tn_run run = *outer;
    run.error = &ignored;
    run.report = NULL;
    memset (&run.arena, 0, sizeof run.arena);
    struct tn_call call;
    tn_call_begin (&call, &run, TN_CALL_PROBE, number);
    call.source = source;
    struct bid bid = { 0, tn_extension_length (codec, source->name, source->name_length), codec->priority };
    for (uint32_t i = 0; i < codec->table.magic_count; i++)
        if (has_magic (&call, source, head, &codec->table.magics[i]))
            bid.content = TN_MAX (bid.content, 1000 + codec->table.magics[i].length);
    if (bid.content == 0 && codec->table.probe && codec->table.describe) {
        int32_t sure = codec->table.probe (&call.public);
        bid.content = sure >= PROBE_MATCH && sure <= 100 ? (uint32_t) sure : 0;
    }
    tn_call_end (&call, TENON_OK);
    tn_arena_free (&run.arena);
    return bid;
}

/* Content beats names; among those with content the longer extension, then the stronger content, decide. */
static int
compare (const struct bid *a, const struct bid *b)
{
    if ((a->content > 0) != (b->content > 0))
        return a->content > 0 ? 1 : -1;
    if (a->extension != b->extension)
        return a->extension > b->extension ? 1 : -1;
    if (a->content != b->content)
        return a->content > b->content ? 1 : -1;
    return a->priority > b->priority ? 1 : a->priority < b->priority ? -1 : 0;
}

static void
say_bid (tenon_report *report, const tenon_context *context, uint64_t codec, const struct bid *bid,
         bool chosen, const char *file)
{
    const struct tn_codec *entry = context->registry.codecs[codec];
    char content[80] = "its bytes are not recognised";
    if (bid->content > 1000)
        snprintf (content, sizeof content, "a magic of %u bytes matches", bid->content - 1000);
    else if (bid->content > 0)
        snprintf (content, sizeof content, "its bytes look right (%u of 100)", bid->content);
    tn_report_add (report, TENON_BID, chosen ? TENON_OK : TENON_E_UNRECOGNISED, chosen, entry->table.id, file,
                   "%s, %s%s", content,
                   bid->extension ? "its extension fits" : "its extension is not this codec's",
                   entry->table.describe ? "" : ", and the codec only writes");
}

/* All bids, and which of them is the best: *winner, and *rival when another one is as good. UINT64_MAX: none. */
static tenon_status
ask_all (struct tn_run *run, struct tn_source *source, const struct head *head, struct bid **result,
         uint64_t *winner, uint64_t *rival)
{
    const struct tn_registry *registry = &run->context->registry;
    struct bid *bids = calloc (registry->codec_count + 1, sizeof *bids);
    *result = bids;
    *winner = *rival = UINT64_MAX;
    for (uint64_t i = 0; bids && i < registry->codec_count; i++) {
        bids[i] = ask (run, source, head, i);
        if ((bids[i].content == 0 && bids[i].extension == 0) || !registry->codecs[i]->table.describe)
            continue;
        int order = *winner == UINT64_MAX ? 1 : compare (&bids[i], &bids[*winner]);
        if (order > 0)
            *winner = i, *rival = UINT64_MAX;
        else if (order == 0)
            *rival = i;
    }
    return bids ? TENON_OK : tn_fail_memory (run->error);
}

static tenon_status
nobody_or_two (struct tn_run *run, struct tn_source *source, uint64_t winner, uint64_t rival, bool quiet)
{
    struct tn_codec **codecs = run->context->registry.codecs;
    if (winner == UINT64_MAX && quiet)
        return TENON_E_UNRECOGNISED;
    tn_source_place (source, run->error);
    if (winner == UINT64_MAX)
        return tn_fail (run->error, TENON_E_UNRECOGNISED, TN_NO_OFFSET,
                        "no codec recognises it (tenon why tells what each one said)");
    return tn_fail (run->error, TENON_E_AMBIGUOUS, TN_NO_OFFSET,
                    "%s and %s claim it equally; set priority in [codec %s], or name the format",
                    codecs[winner]->table.id, codecs[rival]->table.id, codecs[winner]->table.id);
}

/* The beginning of a source, for all magics. */
static tenon_status
read_head (struct tn_run *run, struct tn_source *source, struct head *head)
{
    tenon_error ignored = TENON_ERROR_INIT;
    struct tn_stream *stream = NULL;
    uint64_t length = TN_MIN (source->size, HEAD_SIZE);
    head->length = 0;
    if (tn_stream_new (source, &stream, &ignored) == TENON_OK
        && tn_stream_read (stream, 0, head->bytes, length, &ignored) == TENON_OK)
        head->length = length;
    tn_stream_free (stream);
    if (ignored.status == TENON_E_IO || ignored.status == TENON_E_MEMORY) /* not a question of the format */
        *run->error = ignored;
    return run->error->status;
}

tenon_status
tn_recognise (struct tn_run *run, struct tn_source *source, const char *word, uint64_t *codec, bool quiet,
              tenon_report *report)
{
    const struct tn_registry *registry = &run->context->registry;
    const char *file = source->path ? source->path : source->name;
    struct head head;
    uint64_t winner, rival;
    if (word && !report)
        return tn_codec_find (run->context, word, TN_TO_READ, codec, run->error);
    TN_TRY (read_head (run, source, &head));
    TN_FREE struct bid *bids = NULL;
    TN_TRY (ask_all (run, source, &head, &bids, &winner, &rival));
    tenon_status status = TENON_OK;
    if (word)
        status = tn_codec_find (run->context, word, TN_TO_READ, codec, run->error);
    else if (winner == UINT64_MAX || rival != UINT64_MAX)
        status = nobody_or_two (run, source, winner, rival, quiet);
    else
        *codec = winner;
    for (uint64_t i = 0; report && i < registry->codec_count; i++)
        say_bid (report, run->context, i, &bids[i], status == TENON_OK && i == *codec, file);
    if (status == TENON_OK && !word && bids[winner].content > 0 && bids[winner].extension == 0 && run->report
        && strchr (source->name, '.'))
        tn_report_add (run->report, TENON_NOTE, TENON_OK, 0, "", file,
                       "its contents are %s, its extension is not", registry->codecs[winner]->table.id);
    return status;
}
