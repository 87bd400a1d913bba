/* SPDX-License-Identifier: MIT */
/* dictionary.c - parses the header's dictionary: descr, fortran_order and shape, each once, in any order. */
#include "npy.h"

enum { KEY_DESCR = 1, KEY_FORTRAN_ORDER = 2, KEY_SHAPE = 4, KEY_ALL = 7 };
static const char *const keys[] = { "descr", "fortran_order", "shape" };

/* Parses a tuple of dims. More than there is room for are passed over: then the rank is one too large. */
static tenon_status
parse_shape (struct npy_text *text, struct npy_header *header)
{
    static const char dim[] = "a dim: an integer from 0 to 2^63 - 1";
    uint64_t ignored;
    TENON_TRY (npy_expect (text, '(', "the shape: a tuple of integers"));
    header->rank = 0;
    while (!npy_accept (text, ')')) {
        if (header->rank == NPY_RANK)
            npy_record (&text->doubt, TENON_E_UNSUPPORTED, npy_place (text, text->position),
                        "found more than %u dims, and NumPy has no more", NPY_RANK);
        TENON_TRY (npy_take_integer (text, header->rank ? dim : "a dim (an integer from 0 to 2^63 - 1) or )",
                                     header->rank < NPY_RANK ? &header->shape[header->rank] : &ignored));
        header->rank += header->rank <= NPY_RANK;
        if (npy_accept (text, ','))
            continue;
        if (header->rank == 1)
            return npy_unexpected (text, "a comma: a tuple of one is written (2,)");
        return npy_expect (text, ')', "a comma, or the ) that ends the shape");
    }
    return TENON_OK;
}

/* Finds the bit of a key, which must not be in `seen`. */
static tenon_status
identify_key (struct npy_text *text, struct npy_word word, uint64_t at, uint32_t seen, uint32_t *key)
{
    for (uint32_t i = 0; i < 3; i++) {
        if (!npy_word_is (word, keys[i]))
            continue;
        *key = 1u << i;
        if (!(seen & *key))
            return TENON_OK;
        return npy_fail (text, TENON_E_MALFORMED, npy_place (text, at), "found the key '%s' a second time",
                         keys[i]);
    }
    return npy_fail (text, TENON_E_MALFORMED, npy_place (text, at),
                     "found the key '%.*s', expected descr, fortran_order or shape",
                     word.length > 48 ? 48 : (int) word.length, word.bytes);
}

/* Moves behind a list or tuple of any form: to the comma or bracket that follows it. */
static int
skip_value (struct npy_text *text)
{
    uint64_t depth = 0;
    uint8_t quote = 0;
    for (; text->position < text->length; text->position++) {
        uint8_t byte = text->bytes[text->position];
        if (quote) {
            if (byte < 0x20)
                return 0;
            if (byte == '\\')
                text->position++;
            else if (byte == quote)
                quote = 0;
        } else if (byte == '\'' || byte == '"')
            quote = byte;
        else if (byte == '(' || byte == '[' || byte == '{')
            depth++;
        else if (depth == 0 && (byte == ',' || byte == '}'))
            return 1;
        else if (byte == ')' || byte == ']' || byte == '}') {
            if (depth == 0)
                return 0;
            depth--;
        }
    }
    return 0;
}

/* Parses descr. Where its list or tuple is no type that is known, the rest of the header still tells the
 * shape. */
static tenon_status
parse_descr (struct npy_text *text, struct npy_type *type)
{
    npy_skip_space (text);
    uint64_t start = text->position, written = text->written;
    tenon_status status = npy_parse_descr (text, type);
    if (status != TENON_E_MALFORMED && status != TENON_E_UNSUPPORTED)
        return status;
    uint64_t found = text->position;
    text->position = start;
    if (start == text->length || (text->bytes[start] != '[' && text->bytes[start] != '(')
        || !skip_value (text)) {
        text->position = found;
        return status;
    }
    npy_record (&text->doubt, text->fault.status, text->fault.place, "%s", text->fault.words);
    text->fault.status = TENON_OK;
    text->depth = 0;
    text->written = written;
    memset (type, 0, sizeof *type);
    type->position = start;
    type->text = (struct npy_word){ (const char *) text->bytes + start, text->position - start };
    return TENON_OK;
}

static tenon_status
parse_entry (struct npy_text *text, struct npy_header *header, uint32_t *seen)
{
    uint64_t at, written = text->written;
    uint32_t key = 0;
    struct npy_word word;
    npy_skip_space (text);
    at = text->position;
    TENON_TRY (npy_take_string (text, "a key, or the } that ends the dictionary", &word));
    TENON_TRY (identify_key (text, word, at, *seen, &key));
    *seen |= key;
    /* The key's repr served only to compare it. */
    text->written = written;
    TENON_TRY (npy_expect (text, ':', "a colon after the key"));
    if (key == KEY_DESCR)
        return parse_descr (text, &header->type);
    if (key == KEY_SHAPE)
        return parse_shape (text, header);
    return npy_take_boolean (text, &header->is_fortran);
}

/* ---- the usual form ---- */

/* True if these words come next. Then the position moves behind them. */
static int
take_words (const struct npy_text *text, uint64_t *position, const char *words, uint64_t length)
{
    if (text->length - *position < length || memcmp (text->bytes + *position, words, (size_t) length) != 0)
        return 0;
    *position += length;
    return 1;
}
#define TAKE(text, position, words) take_words (text, position, words, sizeof words - 1)

/* Takes dims as NumPy writes them, and the closing bracket. Returns 0 if the text is different. */
static int
take_usual_dims (const struct npy_text *text, uint64_t *position, struct npy_header *header)
{
    while (!TAKE (text, position, ")")) {
        uint64_t start = *position, dim = 0;
        for (; *position < text->length; ++*position) {
            uint8_t digit = (uint8_t) (text->bytes[*position] - '0');
            if (digit > 9)
                break;
            dim = 10 * dim + digit;
        }
        uint64_t digits = *position - start;
        if (digits == 0 || digits > 18 || (digits > 1 && text->bytes[start] == '0')
            || header->rank == NPY_RANK)
            return 0;
        header->shape[header->rank++] = dim;
        if (!TAKE (text, position, ", ") && !(header->rank == 1 && TAKE (text, position, ",")))
            return TAKE (text, position, ")") && header->rank > 1;
    }
    return header->rank < 2; /* "(2, 3, )" is not what NumPy writes */
}

/* Takes a header of a simple type in exactly the form that NumPy writes. Nearly all headers are of this form,
 * and an archive may hold a million. Returns 0 for any other text, right or wrong, which the parser takes. */
static int
take_usual_form (struct npy_text *text, struct npy_header *header, struct npy_word *descr)
{
    static const char order[] = "', 'fortran_order': ", shape[] = ", 'shape': (";
    uint64_t position = 0, start;
    if (!TAKE (text, &position, "{'descr': '"))
        return 0;
    for (start = position; position < text->length && text->bytes[position] != '\''; position++)
        if (text->bytes[position] < 0x20 || text->bytes[position] > 0x7e || text->bytes[position] == '\\')
            return 0;
    *descr = (struct npy_word){ (const char *) text->bytes + start, position - start };
    if (!TAKE (text, &position, order))
        return 0;
    if (TAKE (text, &position, "True"))
        header->is_fortran = 1;
    else if (!TAKE (text, &position, "False"))
        return 0;
    if (!TAKE (text, &position, shape) || !take_usual_dims (text, &position, header)
        || !TAKE (text, &position, ", }"))
        return 0;
    /* dozens of spaces, then a newline */
    for (uint64_t eight; text->length - position >= sizeof eight; position += sizeof eight) {
        memcpy (&eight, text->bytes + position, sizeof eight);
        if (eight != 0x2020202020202020u)
            break;
    }
    while (TAKE (text, &position, " "))
        ;
    return TAKE (text, &position, "\n") && position == text->length;
}

tenon_status
npy_parse_dictionary (struct npy_text *text, struct npy_header *header)
{
    struct npy_word descr;
    uint32_t seen = 0;
    memset (header, 0, sizeof *header);
    if (take_usual_form (text, header, &descr)) {
        uint64_t at = (uint64_t) ((const uint8_t *) descr.bytes - text->bytes) - 1;
        npy_parse_typestring (text, descr, at, &header->type);
        return TENON_OK;
    }
    text->position = 0;
    memset (header, 0, sizeof *header);
    TENON_TRY (npy_expect (text, '{', "the { of a dictionary"));
    while (!npy_accept (text, '}')) {
        TENON_TRY (parse_entry (text, header, &seen));
        if (npy_accept (text, ','))
            continue;
        TENON_TRY (npy_expect (text, '}', "a comma, or the } that ends the dictionary"));
        break;
    }
    for (uint32_t i = 0; i < 3; i++)
        if (!(seen & 1u << i))
            return npy_fail (text, TENON_E_MALFORMED, npy_place (text, text->position),
                             "found the end of the dictionary, expected the key '%s'", keys[i]);
    npy_skip_space (text);
    return text->position == text->length
               ? TENON_OK
               : npy_unexpected (text, "nothing but white space after the dictionary");
}

int
npy_orders_agree (const uint64_t *shape, uint32_t rank)
{
    uint32_t above_one = 0;
    for (uint32_t i = 0; i < rank; i++) {
        if (!shape[i])
            return 1;
        above_one += shape[i] > 1;
    }
    return above_one < 2;
}
