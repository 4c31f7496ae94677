#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "functions.glsl"

// One element at a time, see GpuBackend.Elementwise.cs.
layout(constant_id = 1) const uint OPERATION = 0;
const uint ADD = 0, SCALE = 1, LERP = 2, SWIGLU = 3, SWIGLU_BACKWARD = 4, GELU = 5, GELU_BACKWARD = 6, DROPOUT = 7, MULTIPLY = 8;

layout(push_constant, scalar) uniform Constants
{
    Floats y, second;       // outputs
    Floats a, b, c;         // inputs
    uint count;
    float factor;
    uint keyLow, keyHigh;   // of the dropout mask
    uint bound;             // hashes below it are dropped
    uint run, period;       // so many neighbours share a factor, of so many factors
};

const float TwoRootTwoOverPi = 1.5957691216057308;
const float Cubic = 0.044715;

// 64-bit numbers as (low, high)
uvec2 add64(uvec2 a, uvec2 b)
{
    uint carry, low = uaddCarry(a.x, b.x, carry);
    return uvec2(low, a.y + b.y + carry);
}

uvec2 multiply64(uvec2 a, uvec2 b)
{
    uint high, low;
    umulExtended(a.x, b.x, high, low);
    return uvec2(low, high + (a.x * b.y) + (a.y * b.x));
}

uvec2 shiftRightXor64(uvec2 a, uint bits)
{
    return a ^ uvec2((a.x >> bits) | (a.y << (32 - bits)), a.y >> bits);
}

// the upper half of SplitMix64.Mix(key + i * increment)
uint hash(uint i)
{
    uvec2 z = add64(uvec2(keyLow, keyHigh), multiply64(uvec2(i, 0), uvec2(0x7F4A7C15u, 0x9E3779B9u)));
    z = multiply64(shiftRightXor64(z, 30), uvec2(0x1CE4E5B9u, 0xBF58476Du));
    z = multiply64(shiftRightXor64(z, 27), uvec2(0x133111EBu, 0x94D049BBu));
    return shiftRightXor64(z, 31).y;
}

void main()
{
    for (uint i = gl_GlobalInvocationID.x; i < count; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x)
    {
        switch (OPERATION)
        {
            case ADD:
                y.at[i] += a.at[i];
                break;
            case SCALE:
                y.at[i] *= factor;
                break;
            case LERP:
                precise float moved = y.at[i] + (factor * (a.at[i] - y.at[i]));
                y.at[i] = moved;
                break;
            case SWIGLU:
                y.at[i] = a.at[i] * sigmoid(a.at[i]) * b.at[i];
                break;
            case SWIGLU_BACKWARD:
            {
                // forward: y = silu(g) u, and silu'(g) = s + silu (1 - s)
                float d = a.at[i], g = b.at[i], u = c.at[i], s = sigmoid(g), silu = g * s;
                y.at[i] = fma(silu, 1.0 - s, s) * u * d;
                second.at[i] = silu * d;
                break;
            }

            case GELU:
            {
                float x = a.at[i];
                y.at[i] = x * sigmoid(fma(x * x, TwoRootTwoOverPi * Cubic, TwoRootTwoOverPi) * x);
                break;
            }

            case GELU_BACKWARD:
            {
                // forward: y = x s(2z): dy/dx = s + x s (1 - s) 2z', 2z' = 2 sqrt(2/pi) (1 + 3 0.044715 x^2)
                float d = a.at[i], x = b.at[i], square = x * x;
                float s = sigmoid(fma(square, TwoRootTwoOverPi * Cubic, TwoRootTwoOverPi) * x);
                y.at[i] = fma(x * s * (1.0 - s), fma(square, 3.0 * Cubic * TwoRootTwoOverPi, TwoRootTwoOverPi), s) * d;
                break;
            }

            case MULTIPLY:
                y.at[i] = a.at[i] * b.at[(i / run) % period];
                break;

            default:
                y.at[i] = hash(i) < bound ? 0.0 : a.at[i] * factor;
                break;
        }
    }
}
