/* SPDX-License-Identifier: MIT */
/* carry.c - saves tensors that a format cannot hold as bytes, and a record of what they were. */
#include "save/carry.h"
#include "base/report.h"
#include "codec/storable.h"
#include "transfer/range_reader.h"
#include <tenon/json.h>

/* A carried tensor that must be cast, swapped or put into C order: its bytes are made when they are read. */
struct converted {
    struct tn_catalog *catalog;
    const struct tn_tensor *tensor;
    uint32_t target;
    uint64_t size;
    struct tn_tally *tally;
    struct tn_range_reader *reader; /* NULL: not read yet, or read to its end */
    tenon_error *error;             /* the save's */
};

struct tn_carry {
    tenon_plan *plan;       /* is saved … */
    const tenon_plan *from; /* … in place of this one, which owns the memory that `plan` points to */
    const struct tenon_codec *codec; /* says which dtypes can be stored */
    uint32_t carrier;                /* the dtype of carried tensors: u8 or i8 */
    tenon_report *report;
    uint64_t *losses;
    tenon_error *error;
};

void
tn_carry_end (struct tn_carry *carry)
{
    if (!carry)
        return;
    if (carry->plan)
        carry->plan->metadata_sources = NULL; /* they are the other plan's */
    tenon_plan_free (carry->plan);
    free (carry);
}

/* ---- converted bytes ---- */

static tenon_status
read_converted (void *user, uint64_t offset, void *to, uint64_t length)
{
    struct converted *converted = user;
    if (!converted->reader) {
        if (!(converted->reader = calloc (1, sizeof *converted->reader)))
            return tn_fail_memory (converted->error);
        TN_TRY (tn_request_make (&converted->reader->request, converted->catalog, converted->tensor, NULL,
                                 converted->target, 0, converted->error));
        converted->reader->request.tally = converted->tally;
        TN_TRY (tn_range_reader_begin (converted->reader, converted->error));
    }
    TN_TRY (tn_range_reader_read (converted->reader, offset, to, length, converted->error));
    if (offset + length == converted->size) { /* a plan has many tensors, and each reader has buffers */
        tn_range_reader_free (converted->reader);
        converted->reader = NULL;
    }
    return TENON_OK;
}

static void
close_converted (void *user)
{
    tn_range_reader_free (((struct converted *) user)->reader);
}

/* ---- entries ---- */

/* The stored bytes are seen as u8 or i8, where they lie. */
static tenon_status
view_as_bytes (struct tn_carry *carry, const struct tn_tensor *bytes, struct tn_origin *origin)
{
    struct tn_tensor *stored = tn_arena_get (&carry->plan->own->arena, sizeof *stored, false);
    if (!stored)
        return tn_fail_memory (carry->error);
    *stored = *origin->tensor;
    stored->dtype = bytes->dtype;
    stored->shape = bytes->shape;
    stored->rank = bytes->rank;
    stored->flags &= TENON_ALIAS;
    origin->tensor = stored;
    origin->target = TENON_NONE;
    return TENON_OK;
}

static tenon_status
convert_to_bytes (struct tn_carry *carry, const struct tn_tensor *bytes, struct tn_origin *origin)
{
    struct tn_catalog *own = carry->plan->own;
    struct converted *converted = tn_arena_get (&own->arena, sizeof *converted, true);
    struct tn_tensor *stored = tn_arena_get (&own->arena, sizeof *stored, false);
    struct tn_source *source;
    if (!converted || !stored)
        return tn_fail_memory (carry->error);
    *converted = (struct converted){ .catalog = origin->catalog,
                                     .tensor = origin->tensor,
                                     .target = origin->target,
                                     .size = bytes->length,
                                     .tally = origin->tally,
                                     .error = carry->error };
    tenon_reader reader = { .struct_size = sizeof reader,
                            .size = bytes->length,
                            .read_at = read_converted,
                            .close = close_converted,
                            .user = converted };
    TN_TRY (tn_plan_add_reader (carry->plan, &reader, &source, carry->error));
    *stored = *bytes;
    stored->source = source->number;
    stored->offset = 0;
    stored->storage = TENON_EXTENT;
    /* its changes are reported here, so it counts as from no file */
    *origin = (struct tn_origin){ .catalog = own, .tensor = stored, .tally = origin->tally };
    return TENON_OK;
}

/* Turns an entry into bytes [.., bytes of a row]. */
static tenon_status
shape_of_bytes (struct tn_carry *carry, struct tn_tensor *bytes, const struct tenon_dtype *dtype)
{
    uint32_t rank = bytes->rank;
    uint64_t *shape = tn_arena_get (&carry->plan->own->arena, (rank + 1u) * sizeof *shape, true);
    if (!shape)
        return tn_fail_memory (carry->error);
    if (rank == 0 || bytes->shape[rank - 1] % dtype->block_items != 0) {
        shape[0] = bytes->length;
        bytes->rank = 1;
    } else {
        memcpy (shape, bytes->shape, rank * sizeof *shape);
        /* at most the length, which was checked */
        shape[rank - 1] = bytes->shape[rank - 1] / dtype->block_items * dtype->block_bytes;
    }
    bytes->shape = shape;
    bytes->dtype = carry->carrier;
    bytes->flags = 0;
    return TENON_OK;
}

static void
report_loss (struct tn_carry *carry, const char *name, const char *what)
{
    ++*carry->losses;
    tn_report_add (carry->report, TENON_LOSS, TENON_OK, 0, name, "", "%s", what);
}

static void
report_change (struct tn_carry *carry, const char *name, const char *what)
{
    tn_report_add (carry->report, TENON_NOTE, TENON_OK, 0, name, "", "%s", what);
}

static void
report_carried (struct tn_carry *carry, const struct tn_tensor *entry, const struct tn_tensor *bytes,
                const struct tn_origin *origin, const struct tn_request *request)
{
    char shape[300];
    bool turned = (origin->tensor->flags & TENON_FORTRAN) && tn_shape_has_order (entry->rank, entry->shape);
    if (origin->from_file && request->elements > 0 && turned)
        report_change (carry, entry->name, "its order changes from Fortran to C");
    if (origin->from_file && request->elements > 0 && tn_tensor_strides (origin->catalog, origin->tensor))
        report_change (carry, entry->name, "its order changes from strides to C");
    if (origin->from_file && request->elements > 0 && (origin->tensor->flags & TENON_BIG_ENDIAN)
        && request->stored->swap_count > 0 && request->target->swap_count > 0)
        report_change (carry, entry->name, "its byte order changes from big-endian to little-endian");
    tn_shape_text (shape, sizeof shape, &tn_dtype_fixed[carry->carrier], bytes->rank, bytes->shape);
    tn_report_add (carry->report, TENON_NOTE, TENON_OK, 0, entry->name, "", "%.200s is carried as %s",
                   tn_dtype_label (tn_catalog_dtype (carry->from->own, entry->dtype)), shape);
}

static tenon_status
carry_tensor (struct tn_carry *carry, const struct tn_tensor *entry, struct tn_tensor *slot,
              struct tn_origin *origin)
{
    struct tn_request request;
    TN_TRY (shape_of_bytes (carry, slot, tn_catalog_dtype (carry->plan->own, entry->dtype)));
    TN_TRY (
        tn_request_make (&request, origin->catalog, origin->tensor, NULL, origin->target, 0, carry->error));
    report_carried (carry, entry, slot, origin, &request);
    return tn_request_is_plain (&request) ? view_as_bytes (carry, slot, origin)
                                          : convert_to_bytes (carry, slot, origin);
}

static tenon_status
plan_tensor (struct tn_carry *carry, uint64_t index)
{
    struct tn_catalog *own = carry->plan->own;
    const struct tn_tensor *entry = tn_catalog_tensor (carry->from->own, index);
    struct tn_origin *origin = &carry->plan->origins[index];
    struct tn_tensor *slot = tn_catalog_slot (own);
    if (!slot)
        return tn_fail_memory (carry->error);
    *slot = *entry;
    *origin = carry->from->origins[index];
    tn_fail_in (carry->error, NULL, entry->name);
    carry->plan->carried[index] = !tn_can_store (carry->codec, tn_catalog_dtype (own, entry->dtype));
    if (carry->plan->carried[index])
        TN_TRY (carry_tensor (carry, entry, slot, origin));
    TN_TRY (tn_catalog_commit (own, carry->error));
    carry->plan->count++;
    carry->error->tensor[0] = 0;
    return TENON_OK;
}

/* ---- the record ---- */

static tenon_status
grow_record (struct tenon_json_out *out, uint64_t more)
{
    uint64_t room = out->room * 2 + more + 256;
    char *bytes = realloc (out->bytes, room);
    if (!bytes)
        return TENON_E_MEMORY;
    out->bytes = bytes;
    out->room = room;
    return TENON_OK;
}

static void
put_record_entry (struct tenon_json_out *out, const struct tn_tensor *entry, const struct tenon_dtype *dtype)
{
    tenon_json_put_string (out, entry->name, entry->name_length);
    if (dtype->kind == TENON_KIND_OPAQUE) {
        tenon_json_put_text (out, ":{\"family\":");
        tenon_json_put_string (out, dtype->family, strlen (dtype->family));
        tenon_json_put_text (out, ",\"text\":");
        tenon_json_put_string (out, dtype->text, strlen (dtype->text));
        tenon_json_put_text (out, ",\"size\":");
        tenon_json_put_u64 (out, dtype->block_bytes);
        tenon_json_put_text (out, ",\"alignment\":");
        tenon_json_put_u64 (out, dtype->alignment);
        if (dtype->items_as != TENON_NONE) {
            tenon_json_put_text (out, ",\"items\":");
            const char *items = tn_dtype_fixed[dtype->items_as].name;
            tenon_json_put_string (out, items, strlen (items));
            tenon_json_put_text (out, dtype->items_flags & TENON_BIG_ENDIAN ? ",\"big\":1" : "");
        }
    } else {
        tenon_json_put_text (out, ":{\"dtype\":");
        tenon_json_put_string (out, dtype->name, strlen (dtype->name));
    }
    tenon_json_put_text (out, ",\"shape\":[");
    for (uint32_t i = 0; i < entry->rank; i++) {
        tenon_json_put_text (out, i > 0 ? "," : "");
        tenon_json_put_u64 (out, entry->shape[i]);
    }
    tenon_json_put_text (out, "]}");
}

static tenon_status
put_record (struct tn_carry *carry, struct tenon_json_out *out)
{
    const struct tn_catalog *before = carry->from->own, *own = carry->plan->own;
    const char *comma = "";
    tenon_json_put_text (out, "{\"version\":1,\"tensors\":{");
    for (uint64_t i = 0; i < before->count; i++) {
        const struct tn_tensor *entry = tn_catalog_tensor (before, i);
        const struct tenon_dtype *dtype = tn_catalog_dtype (before, entry->dtype);
        if (tn_can_store (carry->codec, dtype))
            continue;
        if (dtype->kind == TENON_KIND_OPAQUE
            && (!tenon_json_is_utf8 (dtype->family, strlen (dtype->family))
                || !tenon_json_is_utf8 (dtype->text, strlen (dtype->text)))) {
            tn_fail_in (carry->error, NULL, entry->name);
            return tn_fail (carry->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                            "the words for its type are not valid UTF-8: it cannot be carried");
        }
        tenon_json_put_text (out, comma);
        put_record_entry (out, entry, dtype);
        comma = ",";
    }
    tenon_json_put_text (out, "},\"order\":[");
    for (uint64_t i = 0; i < before->count; i++) {
        const struct tn_tensor *entry = tn_catalog_tensor (before, i);
        tenon_json_put_text (out, i > 0 ? "," : "");
        tenon_json_put_string (out, entry->name, entry->name_length);
    }
    tenon_json_put_text (out, "],\"keys\":[");
    for (uint64_t i = 0; i < own->metadata_count; i++) {
        tenon_json_put_text (out, i > 0 ? "," : "");
        tenon_json_put_string (out, own->metadata[i].key, own->metadata[i].key_length);
    }
    tenon_json_put_text (out, "]}");
    return out->status < 0 ? tn_fail_memory (carry->error) : TENON_OK;
}

/* Shares the entries of the other plan, and adds the record behind them. */
static tenon_status
plan_metadata (struct tn_carry *carry)
{
    const struct tn_catalog *before = carry->from->own;
    struct tn_catalog *own = carry->plan->own;
    struct tenon_json_out out = { .grow = grow_record };
    own->metadata = malloc ((before->metadata_count + 1) * sizeof *own->metadata);
    if (!own->metadata)
        return tn_fail_memory (carry->error);
    own->metadata_room = before->metadata_count + 1;
    own->metadata_bytes = before->metadata_bytes;
    for (uint64_t i = 0; i < before->metadata_count; i++)
        if (before->metadata[i].key_length > 0 && strcmp (before->metadata[i].key, TN_CARRY_KEY) != 0)
            own->metadata[own->metadata_count++] = before->metadata[i];
        else if (before->metadata[i].key_length > 0)
            report_loss (carry, TN_CARRY_KEY, "a new record of carried tensors takes the place of this one");
    tenon_status status = put_record (carry, &out);
    struct tenon_value value = { .type = TENON_STRING, .count = out.length, .as.string = out.bytes };
    if (status == TENON_OK)
        status =
            tn_catalog_add_metadata (own, TN_CARRY_KEY, strlen (TN_CARRY_KEY), &value, false, carry->error);
    free (out.bytes);
    return status;
}

/* ---- the plan ---- */

/* The first tensor that the codec cannot hold; NULL: none. */
static const struct tn_tensor *
first_to_carry (const tenon_plan *plan, const struct tenon_codec *codec)
{
    for (uint64_t i = 0; i < plan->count; i++) {
        const struct tn_tensor *entry = tn_catalog_tensor (plan->own, i);
        if (!tn_can_store (codec, tn_catalog_dtype (plan->own, entry->dtype)))
            return entry;
    }
    return NULL;
}

static bool
order_matters (const tenon_plan *plan)
{
    uint64_t keys = 0;
    for (uint64_t i = 0; i < plan->own->metadata_count && keys < 2; i++)
        keys += plan->own->metadata[i].key_length > 0;
    return plan->count > 1 || keys > 1;
}

/* True if the codec has an order of its own, and the tensors come from files of other codecs, so they may be
 * in any order, which only a record brings back. */
static bool
loses_order (const tenon_plan *plan, const struct tenon_codec *codec)
{
    const struct tn_registry *registry = &plan->context->registry;
    if (!(codec->flags & TENON_CODEC_SORTS) || codec->metadata == TENON_METADATA_NONE
        || !order_matters (plan))
        return false;
    for (uint64_t i = 0; i < plan->count; i++) {
        const struct tn_catalog *from = plan->origins[i].catalog;
        if (from == plan->own || from->reordered || from->description_count == 0
            || &registry->codecs[from->descriptions[0].codec]->table != codec)
            return true;
    }
    return plan->count == 0;
}

static tenon_status
build_plan (struct tn_carry *carry)
{
    const tenon_plan *from = carry->from;
    tenon_plan *plan = carry->plan;
    uint32_t number;
    plan->metadata_sources = from->metadata_sources;
    plan->metadata_source_count = from->metadata_source_count;
    plan->origins = calloc (from->count + 1, sizeof *plan->origins);
    plan->carried = tn_arena_get (&plan->own->arena, from->count + 1, true);
    if (!plan->origins || !plan->carried)
        return tn_fail_memory (carry->error);
    for (uint64_t i = 0; i < from->own->dtype_count; i++) /* added in this order they keep their numbers */
        TN_TRY (tn_catalog_add_dtype (plan->own, from->own->dtypes[i], &number, carry->error));
    for (uint64_t i = 0; i < from->count; i++)
        TN_TRY (plan_tensor (carry, i));
    return plan_metadata (carry);
}

tenon_status
tn_carry_begin (struct tn_carry **result, tenon_plan **plan, const struct tenon_codec *codec,
                const struct tenon_codec *storing, tenon_report *report, uint64_t *losses, tenon_error *error)
{
    const struct tn_tensor *first = first_to_carry (*plan, storing);
    uint32_t carrier = tn_carrier_dtype (storing);
    bool bytes = carrier != TENON_NONE, text = codec->metadata != TENON_METADATA_NONE;
    if (!first && !loses_order (*plan, codec))
        return TENON_OK;
    if (first && (!bytes || !text)) {
        tn_fail_in (error, NULL, first->name);
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the format %s cannot hold %.100s, nor carry it: it has no %s", codec->id,
                        tn_dtype_label (tn_catalog_dtype ((*plan)->own, first->dtype)),
                        bytes ? "metadata that could tell what it was" : "u8 or i8");
    }
    struct tn_carry *carry = calloc (1, sizeof *carry);
    if (!carry)
        return tn_fail_memory (error);
    *carry = (struct tn_carry){ .from = *plan,
                                .codec = storing,
                                .carrier = carrier,
                                .report = report,
                                .losses = losses,
                                .error = error };
    *result = carry;
    TN_TRY (tenon_plan_new ((*plan)->context, &carry->plan, NULL) < 0 ? tn_fail_memory (error) : TENON_OK);
    TN_TRY (build_plan (carry));
    *plan = carry->plan;
    return TENON_OK;
}
