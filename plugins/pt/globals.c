/* SPDX-License-Identifier: MIT */
/* globals.c - the names of functions and classes that are known. tenon-pt(7) says why each is. */
#include "pt.h"

static const char c32[] = "its items are complex32, two f16, which tenon does not have";
static const char bits[] = "its items are bits without a meaning";
static const char quantised[] = "its items are quantised, with a scale and a zero point beside them";

const struct pt_dtype pt_dtypes[] = {
    [PT_BYTE_TYPE] = { "uint8", NULL, "ByteStorage", TENON_U8, 1, NULL },
    { "float64", "double", "DoubleStorage", TENON_F64, 8, NULL },
    { "float32", "float", "FloatStorage", TENON_F32, 4, NULL },
    { "float16", "half", "HalfStorage", TENON_F16, 2, NULL },
    { "bfloat16", NULL, "BFloat16Storage", TENON_BF16, 2, NULL },
    { "int64", "long", "LongStorage", TENON_I64, 8, NULL },
    { "int32", "int", "IntStorage", TENON_I32, 4, NULL },
    { "int16", "short", "ShortStorage", TENON_I16, 2, NULL },
    { "int8", NULL, "CharStorage", TENON_I8, 1, NULL },
    { "bool", NULL, "BoolStorage", TENON_BOOL, 1, NULL },
    { "complex64", "cfloat", "ComplexFloatStorage", TENON_C64, 8, NULL },
    { "complex128", "cdouble", "ComplexDoubleStorage", TENON_C128, 16, NULL },
    { "uint16", NULL, NULL, TENON_U16, 2, NULL },
    { "uint32", NULL, NULL, TENON_U32, 4, NULL },
    { "uint64", NULL, NULL, TENON_U64, 8, NULL },
    { "float8_e4m3fn", NULL, NULL, TENON_F8_E4M3, 1, NULL },
    { "float8_e5m2", NULL, NULL, TENON_F8_E5M2, 1, NULL },
    { "float8_e4m3fnuz", NULL, NULL, TENON_F8_E4M3FNUZ, 1, NULL },
    { "float8_e5m2fnuz", NULL, NULL, TENON_F8_E5M2FNUZ, 1, NULL },
    { "float8_e8m0fnu", NULL, NULL, TENON_F8_E8M0, 1, NULL },
    { "float4_e2m1fn_x2", NULL, NULL, TENON_F4, 1, NULL },
    { "complex32", "chalf", "ComplexHalfStorage", TENON_NONE, 4, c32 },
    { "bcomplex32", NULL, NULL, TENON_NONE, 4, "its items are two bf16, which tenon does not have" },
    { "qint8", NULL, "QInt8Storage", TENON_NONE, 1, quantised },
    { "quint8", NULL, "QUInt8Storage", TENON_NONE, 1, quantised },
    { "qint32", NULL, "QInt32Storage", TENON_NONE, 4, quantised },
    { "quint4x2", NULL, "QUInt4x2Storage", TENON_NONE, 1, quantised },
    { "quint2x4", NULL, "QUInt2x4Storage", TENON_NONE, 1, quantised },
    { "bits8", NULL, NULL, TENON_NONE, 1, bits },
    { "bits16", NULL, NULL, TENON_NONE, 2, bits },
    { "bits1x8", NULL, NULL, TENON_NONE, 1, bits },
    { "bits2x4", NULL, NULL, TENON_NONE, 1, bits },
    { "bits4x2", NULL, NULL, TENON_NONE, 1, bits },
};
#define DTYPES (sizeof pt_dtypes / sizeof pt_dtypes[0])

const struct pt_dtype *
pt_dtype_of (uint32_t dtype)
{
    for (uint32_t i = 0; dtype != TENON_NONE && i < DTYPES; i++)
        if (pt_dtypes[i].dtype == dtype)
            return &pt_dtypes[i];
    return NULL;
}

static const struct {
    const char *name;
    uint32_t meaning;
} known[] = {
    { "collections.OrderedDict", PT_G_DICT },
    { "collections.Counter", PT_G_DICT },
    { "collections.defaultdict", PT_G_DEFAULTS },
    { "builtins.dict", PT_G_DICT },
    { "builtins.list", PT_G_LIST },
    { "builtins.tuple", PT_G_LIST },
    { "builtins.set", PT_G_LIST },
    { "builtins.frozenset", PT_G_LIST },
    { "collections.deque", PT_G_LIST },
    { "torch.Size", PT_G_LIST },
    { "builtins.bytes", PT_G_BYTES },
    { "builtins.bytearray", PT_G_BYTES },
    { "_codecs.encode", PT_G_ENCODE },
    { "builtins.complex", PT_G_COMPLEX },
    { "argparse.Namespace", PT_G_ATTRIBUTES },
    { "types.SimpleNamespace", PT_G_ATTRIBUTES },
    { "copyreg._reconstructor", PT_G_MAKE },
    { "copyreg.__newobj__", PT_G_MAKE },
    { "pathlib.PosixPath", PT_G_PATH },
    { "pathlib.WindowsPath", PT_G_PATH },
    { "pathlib.PurePosixPath", PT_G_PATH },
    { "pathlib.PureWindowsPath", PT_G_PATH },
    { "pathlib._local.PosixPath", PT_G_PATH },
    { "torch.device", PT_G_DEVICE },
    { "torch.serialization._get_layout", PT_G_LAYOUT },
    { "torch._utils._rebuild_tensor", PT_G_TENSOR },
    { "torch._utils._rebuild_tensor_v2", PT_G_TENSOR_2 },
    { "torch._utils._rebuild_tensor_v3", PT_G_TENSOR_3 },
    { "torch._utils._rebuild_parameter", PT_G_PARAMETER },
    { "torch._utils._rebuild_parameter_with_state", PT_G_PARAMETER },
    { "torch._tensor._rebuild_from_type_v2", PT_G_FROM_TYPE },
    { "torch._utils._rebuild_device_tensor_from_cpu_tensor", PT_G_FROM_DEVICE },
    { "torch._utils._rebuild_device_tensor_from_numpy", PT_G_FROM_DEVICE },
    { "torch._utils._rebuild_xla_tensor", PT_G_FROM_DEVICE },
    { "torch._utils._rebuild_qtensor", PT_G_QUANTISED },
    { "torch._utils._rebuild_sparse_tensor", PT_G_SPARSE },
    { "torch._utils._rebuild_sparse_csr_tensor", PT_G_SPARSE },
    { "torch._utils._rebuild_meta_tensor_no_storage", PT_G_META },
    { "torch._utils._rebuild_nested_tensor", PT_G_NESTED },
    { "torch._utils._rebuild_wrapper_subclass", PT_G_WRAPPER },
    { "torch.storage._load_from_bytes", PT_G_OLD_STORAGE },
    { "torch.per_tensor_affine", PT_G_WORD },
    { "torch.per_tensor_symmetric", PT_G_WORD },
    { "torch.per_channel_affine", PT_G_WORD },
    { "torch.per_channel_symmetric", PT_G_WORD },
    { "torch.per_channel_affine_float_qparams", PT_G_WORD },
    { "numpy.core.multiarray._reconstruct", PT_G_NUMPY_ARRAY },
    { "numpy._core.multiarray._reconstruct", PT_G_NUMPY_ARRAY },
    { "numpy.core.numeric._frombuffer", PT_G_NUMPY_BUFFER },
    { "numpy._core.numeric._frombuffer", PT_G_NUMPY_BUFFER },
    { "numpy.core.multiarray.scalar", PT_G_NUMPY_SCALAR },
    { "numpy._core.multiarray.scalar", PT_G_NUMPY_SCALAR },
    { "numpy.dtype", PT_G_NUMPY_DTYPE },
};

/* Modules of Python 2, and what they are called now. */
static const char *const renamed[][2] = { { "__builtin__", "builtins" }, { "copy_reg", "copyreg" } };

static int
ends_storage (const char *name)
{
    size_t length = strlen (name);
    return length > 7 && strcmp (name + length - 7, "Storage") == 0;
}

/* torch.NAME, torch.cuda.NAME and so on: dtypes and classes of storages. */
static void
find_torch (const char *module, const char *name, struct pt_value *value)
{
    int storage = ends_storage (name);
    if (strcmp (module, "torch") != 0 && !(storage && strncmp (module, "torch.", 6) == 0))
        return;
    if (strcmp (name, "UntypedStorage") == 0) {
        value->sub = PT_G_STORAGE;
        value->detail = PT_BYTE_TYPE;
        return;
    }
    for (uint8_t i = 0; i < DTYPES; i++) {
        const struct pt_dtype *row = &pt_dtypes[i];
        if (storage ? row->storage && strcmp (row->storage, name) == 0
                    : strcmp (row->name, name) == 0 || (row->other && strcmp (row->other, name) == 0)) {
            value->sub = storage ? PT_G_STORAGE : PT_G_DTYPE;
            value->detail = i;
            return;
        }
    }
}

/* Sets what the global is. */
static void
find_meaning (const struct pt_value *module, const struct pt_value *name, struct pt_value *value)
{
    char text[128];
    const char *first;
    size_t length;
    if (module->count > 50 || name->count > 60 || memchr (module->as.bytes, 0, module->count)
        || memchr (name->as.bytes, 0, name->count))
        return;
    memcpy (text, module->as.bytes, module->count);
    text[module->count] = 0;
    first = text;
    for (unsigned i = 0; i < 2; i++)
        if (strcmp (text, renamed[i][0]) == 0)
            first = renamed[i][1];
    length = strlen (first);
    memmove (text, first, length + 1);
    memcpy (text + length + 1, name->as.bytes, name->count);
    text[length + 1 + name->count] = 0;
    find_torch (text, text + length + 1, value);
    text[length] = '.';
    for (size_t i = 0; i < sizeof known / sizeof known[0] && value->sub == PT_G_UNKNOWN; i++)
        if (strcmp (known[i].name, text) == 0)
            value->sub = (uint8_t) known[i].meaning;
}

uint32_t
pt_new_global (struct pt_machine *machine, uint32_t module, uint32_t name)
{
    uint32_t items[2] = { module, name }, *copy = pt_room (machine, sizeof items);
    uint32_t value = copy ? pt_new (machine, PT_GLOBAL) : 0;
    if (!value)
        return 0;
    memcpy (copy, items, sizeof items);
    pt_at (machine, value)->as.items = copy;
    find_meaning (pt_at (machine, module), pt_at (machine, name), pt_at (machine, value));
    return value;
}

const char *
pt_show_global (const struct pt_machine *machine, uint32_t value, char shown[PT_SHOWN_GLOBAL])
{
    const struct pt_value *global = pt_at (machine, value);
    char module[PT_SHOWN], name[PT_SHOWN];
    if (global->kind != PT_GLOBAL) {
        snprintf (shown, PT_SHOWN_GLOBAL, "the result of a call");
        return shown;
    }
    const struct pt_value *first = pt_at (machine, global->as.items[0]);
    const struct pt_value *second = pt_at (machine, global->as.items[1]);
    snprintf (shown, PT_SHOWN_GLOBAL, "%s.%s", pt_show (first->as.bytes, first->count, module),
              pt_show (second->as.bytes, second->count, name));
    return shown;
}
