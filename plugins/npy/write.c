/* SPDX-License-Identifier: MIT */
/* write.c - writes a tensor with the same bytes as numpy.save. */
#include "npy.h"

#define NPY_QUOTED 32u /* the longest type of a plain dtype, in quotes */

static tenon_status
read_choice (struct tenon_call *call, uint32_t option, int64_t *choice)
{
    struct tenon_setting setting = TENON_INIT (setting);
    TENON_TRY (call->host->option (call, option, &setting));
    *choice = setting.integer;
    return TENON_OK;
}

/* Chooses order and byte order: those of the tensor, or those of the options. Like NumPy, C order if both are
 * the same. */
static tenon_status
choose_layout (struct tenon_call *call, const struct tenon_tensor *tensor, struct tenon_layout *layout)
{
    int64_t order, byteorder;
    memset (layout, 0, sizeof *layout);
    layout->struct_size = sizeof *layout;
    TENON_TRY (read_choice (call, NPY_OPTION_ORDER, &order));
    TENON_TRY (read_choice (call, NPY_OPTION_BYTEORDER, &byteorder));
    if (order == NPY_ORDER_KEEP ? (tensor->flags & TENON_FORTRAN) != 0 : order == NPY_ORDER_FORTRAN)
        if (!npy_orders_agree (tensor->shape, tensor->rank))
            layout->flags |= TENON_FORTRAN;
    if (byteorder == NPY_BYTEORDER_KEEP ? (tensor->flags & TENON_BIG_ENDIAN) != 0
                                        : byteorder == NPY_BYTEORDER_BIG)
        layout->flags |= TENON_BIG_ENDIAN;
    return TENON_OK;
}

/* Formats the descr of a plain dtype. */
static tenon_status
format_plain (struct tenon_call *call, const struct tenon_tensor *tensor, const char *name, uint32_t flags,
              struct npy_word *descr)
{
    char *quoted = call->host->scratch (call, NPY_QUOTED);
    const char *ml = NULL;
    uint32_t dtype = tensor->dtype;
    int64_t fp8;
    int length;
    if (!quoted)
        return TENON_E_MEMORY;
    TENON_TRY (read_choice (call, NPY_OPTION_FP8, &fp8));
    if (dtype >= TENON_F8_E4M3 && dtype <= TENON_F8_E8M0) {
        ml = fp8 == NPY_FP8_NAME ? npy_ml_name (dtype) : NULL;
        if (fp8 == NPY_FP8_VOID && dtype != TENON_F8_E5M2)
            tenon_note (call, TENON_LOSS, tensor->name,
                        "written as '<V1', which does not say that it is %s: npy.v1=%s has to say so when it "
                        "is read",
                        name, name);
    }
    length = ml ? snprintf (quoted + 1, NPY_QUOTED - 2, "%s", ml) : npy_typestring (dtype, flags, quoted + 1);
    if (!length)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "NumPy has no %s; cast it", name);
    quoted[0] = quoted[length + 1] = '\'';
    descr->bytes = quoted;
    descr->length = (uint64_t) length + 2;
    return TENON_OK;
}

/* Parses the text of an opaque type. */
static tenon_status
parse_opaque (struct npy_text *text, struct npy_word word, struct npy_type *type)
{
    tenon_status status = TENON_OK;
    if (word.length && word.bytes[0] == '[') {
        status = npy_parse_descr (text, type);
        if (status == TENON_OK && text->position < text->length)
            status = npy_unexpected (text, "nothing after the list of fields");
    } else
        npy_parse_typestring (text, word, 0, type);
    const struct npy_fault *fault = text->doubt.status < 0 ? &text->doubt : &text->fault;
    return fault->status < 0 ? tenon_fail (text->call, fault->status, TENON_AUTO, "%s", fault->words)
                             : status;
}

/* The value of descr: a list as it is, a type string in quotes. */
static tenon_status
quote_type (struct tenon_call *call, const struct npy_type *type, struct npy_word *descr)
{
    *descr = type->text;
    if (descr->length && descr->bytes[0] == '[')
        return TENON_OK;
    char *quoted = call->host->scratch (call, descr->length + 2);
    if (!quoted)
        return TENON_E_MEMORY;
    quoted[0] = quoted[descr->length + 1] = '\'';
    memcpy (quoted + 1, descr->bytes, (size_t) descr->length);
    descr->bytes = quoted;
    descr->length += 2;
    return TENON_OK;
}

/* Formats the descr of a type that only NumPy's text describes. The text may come from anywhere, so it is
 * parsed again. */
static tenon_status
format_opaque (struct tenon_call *call, const struct tenon_dtype *dtype, struct npy_word *descr)
{
    struct npy_text text;
    struct npy_type type;
    int64_t byteorder;
    struct npy_word word = { dtype->text, dtype->text ? strlen (dtype->text) : 0 };
    TENON_TRY (read_choice (call, NPY_OPTION_BYTEORDER, &byteorder));
    if (byteorder != NPY_BYTEORDER_KEEP)
        tenon_note (call, TENON_NOTE, NULL,
                    "npy.byteorder is not followed: a type of NumPy's own keeps its byte orders");
    memset (&text, 0, sizeof text);
    text.call = call;
    text.bytes = (const uint8_t *) word.bytes;
    text.length = word.length;
    text.place = TENON_AUTO;
    text.is_utf8 = 1;
    text.out = call->host->scratch (call, NPY_OUT_FACTOR * word.length + NPY_OUT_MORE);
    if (!text.out)
        return TENON_E_MEMORY;
    TENON_TRY (parse_opaque (&text, word, &type));
    if (type.bytes != dtype->block_bytes)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO,
                           "the type %.*s has %llu bytes, its items have %llu",
                           word.length > 48 ? 48 : (int) word.length, word.bytes,
                           (unsigned long long) type.bytes, (unsigned long long) dtype->block_bytes);
    return quote_type (call, &type, descr);
}

tenon_status
npy_write (struct tenon_call *call)
{
    struct tenon_plan_info plan = TENON_INIT (plan);
    struct tenon_tensor tensor = TENON_INIT (tensor);
    struct tenon_dtype dtype = TENON_INIT (dtype);
    struct tenon_layout layout;
    struct npy_word descr;
    const void *header;
    uint64_t length;
    TENON_TRY (call->host->plan_info (call, &plan));
    if (plan.tensors != 1)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "an npy file holds one tensor, this plan has %llu",
                           (unsigned long long) plan.tensors);
    TENON_TRY (call->host->plan_tensor (call, 0, &tensor));
    TENON_TRY (call->host->dtype_info (call, tensor.dtype, &dtype));
    TENON_TRY (choose_layout (call, &tensor, &layout));
    if (dtype.kind == TENON_KIND_OPAQUE) {
        /* The text has the byte orders. */
        layout.flags &= ~(uint32_t) TENON_BIG_ENDIAN;
        TENON_TRY (format_opaque (call, &dtype, &descr));
    } else
        TENON_TRY (
            format_plain (call, &tensor, dtype.name ? dtype.name : "such dtype", layout.flags, &descr));
    TENON_TRY (npy_format_header (call, descr, layout.flags & TENON_FORTRAN, tensor.shape, tensor.rank,
                                  &header, &length));
    TENON_TRY (call->host->put (call, header, length));
    return call->host->put_tensor (call, 0, &layout);
}
