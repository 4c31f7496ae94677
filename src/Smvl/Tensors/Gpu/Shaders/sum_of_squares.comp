#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"

// sums (parts): of each part of x, as a pair of floats high + low, about 48 bits without any device's double precision.
// Source: Knuth's TwoSum; Dekker 1971 for the split of a square.
layout(constant_id = 1) const uint THREADS = 128;
shared vec2 sums[THREADS];

layout(push_constant, scalar) uniform Constants
{
    Pairs parts;
    Floats x;
    uint count;
    uint partLength;
};

vec2 addPairs(vec2 a, vec2 b)
{
    precise float high = a.x + b.x;
    precise float back = high - a.x;
    precise float lost = (a.x - (high - back)) + (b.x - back);
    precise float low = lost + a.y + b.y;
    precise float sum = high + low;
    precise float rest = low - (sum - high);

    // what is not finite has no rest
    return abs(high) <= 3.4e38 ? vec2(sum, rest) : vec2(high, 0.0);
}

vec2 square(float x)
{
    precise float product = x * x;
    precise float shifted = x * 4097.0;
    precise float upper = shifted - (shifted - x);
    precise float lower = x - upper;
    precise float rest = ((upper * upper) - product) + (2.0 * upper * lower) + (lower * lower);

    // beyond, the split overflows before the square does
    return abs(x) < 1e18 && abs(x) > 1e-15 ? vec2(product, rest) : vec2(product, 0.0);
}

void main()
{
    uint start = workgroup() * partLength;
    if (start >= count)
    {
        return;
    }

    uint end = min(start + partLength, count), id = gl_LocalInvocationIndex;
    vec2 sum = vec2(0.0);
    for (uint i = start + id; i < end; i += THREADS)
    {
        sum = addPairs(sum, square(x.at[i]));
    }

    sums[id] = sum;
    for (uint half_ = THREADS / 2; half_ > 0; half_ /= 2)
    {
        barrier();
        if (id < half_)
        {
            sums[id] = addPairs(sums[id], sums[id + half_]);
        }
    }

    if (id == 0)
    {
        parts.at[workgroup()] = sums[0];
    }
}
