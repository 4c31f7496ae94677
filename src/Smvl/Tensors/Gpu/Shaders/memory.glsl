// Memory by address, as all kernels take it: a tensor's address in the push constants, elements behind it without padding.
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_scalar_block_layout : require
#extension GL_EXT_shader_explicit_arithmetic_types_int8 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int16 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_8bit_storage : require
#extension GL_EXT_control_flow_attributes : require

// Constant 0 of every kernel: invocations of a workgroup.
layout(local_size_x_id = 0) in;

layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Floats { float at[]; };
layout(buffer_reference, scalar, buffer_reference_align = 16) buffer Vectors { vec4 at[]; };
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer Pairs { vec2 at[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Ints { int at[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Words { uint at[]; };
layout(buffer_reference, scalar, buffer_reference_align = 8) buffer WordPairs { uvec2 at[]; };
layout(buffer_reference, scalar, buffer_reference_align = 2) buffer Halves { uint16_t at[]; };
layout(buffer_reference, scalar, buffer_reference_align = 1) buffer Bytes { uint8_t at[]; };

// Element types, as Smvl.Tensors.DType numbers them.
const uint TypeF32 = 0;
const uint TypeF16 = 1;
const uint TypeBF16 = 2;

// The workgroup's number where a dispatch is wider than one row of workgroups.
uint workgroup() { return gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x; }

// Exact, subnormals included, on every device; a NaN becomes quiet: no conversion of the hardware's is used.
float widenHalf(uint bits)
{
    uint magnitude = bits & 0x7FFFu, sign = (bits & 0x8000u) << 16;
    if (magnitude >= 0x7C00u)
    {
        return uintBitsToFloat(sign | 0x7F800000u | ((magnitude & 0x3FFu) << 13) | (magnitude > 0x7C00u ? 0x400000u : 0u));
    }

    return magnitude >= 0x400u
        ? uintBitsToFloat(sign | ((magnitude << 13) + 0x38000000u))
        : uintBitsToFloat(sign | floatBitsToUint(float(magnitude) * 5.9604644775390625e-8));
}

float widenBFloat(uint bits) { return uintBitsToFloat(bits << 16); }

// To nearest, ties to even. A NaN keeps its upper bits and becomes quiet.
uint narrowHalf(float value)
{
    uint bits = floatBitsToUint(value), magnitude = bits & 0x7FFFFFFFu, sign = (bits >> 16) & 0x8000u;
    if (magnitude > 0x7F800000u)
    {
        return sign | 0x7E00u | ((magnitude >> 13) & 0x3FFu);
    }

    if (magnitude >= 0x477FF000u)
    {
        return sign | 0x7C00u;
    }

    if (magnitude >= 0x38800000u)
    {
        return sign | ((magnitude - 0x38000000u + 0xFFFu + ((magnitude >> 13) & 1u)) >> 13);
    }

    if (magnitude < 0x33000000u)
    {
        return sign;
    }

    // subnormal: the significand shifted into place, rounded by what is shifted out
    uint shift = 126u - (magnitude >> 23), significand = (magnitude & 0x7FFFFFu) | 0x800000u;
    uint kept = significand >> shift, rest = significand & ((1u << shift) - 1u), half_ = 1u << (shift - 1u);
    return sign | (kept + ((rest > half_ || (rest == half_ && (kept & 1u) == 1u)) ? 1u : 0u));
}

uint narrowBFloat(float value)
{
    uint bits = floatBitsToUint(value);
    return (bits & 0x7FFFFFFFu) > 0x7F800000u ? (bits >> 16) | 0x40u : (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
}
