#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "reduce.glsl"
#include "adamw.glsl"

// AdamW over moments of one byte an element, see Cpu/AdamW8Bit.cs: a workgroup of 64 has a block of 256, each invocation four neighbours.
layout(push_constant, scalar) uniform Constants
{
    Floats parameter, gradient;
    Words codes1, codes2;
    Floats scales1, scales2;
    Floats map1, map2;   // 256 values, then the 255 borders between them
    uint count;
    AdamWStep step_;
};

const uint Block = 256;

vec4 widen(uint codes, Floats map, float scale)
{
    return scale * vec4(map.at[codes & 255], map.at[(codes >> 8) & 255], map.at[(codes >> 16) & 255], map.at[codes >> 24]);
}

// the code of the nearest value: how many borders lie below it, a bit at a time
uint narrow(float value, Floats map)
{
    uint code = 0;
    for (uint bit = 128; bit > 0; bit >>= 1)
    {
        code += map.at[256 + code + bit - 1] < value ? bit : 0;
    }

    return code;
}

// of the four, those that are there; other bytes stay
uint store(uint before, vec4 values, float scale, uint present, Floats map)
{
    uint codes = before;
    for (uint i = 0; i < present; i++)
    {
        codes = bitfieldInsert(codes, scale == 0.0 ? 0 : narrow(values[i] / scale, map), int(8 * i), 8);
    }

    return codes;
}

void main()
{
    uint blocks = (count + Block - 1) / Block;
    for (uint block = workgroup(); block < blocks; block += gl_NumWorkGroups.x * gl_NumWorkGroups.y)
    {
        uint start = (block * Block) + (4 * gl_LocalInvocationIndex), present = start >= count ? 0 : min(count - start, 4);
        vec4 m = vec4(0.0), v = vec4(0.0);
        uint before1 = 0, before2 = 0;
        if (present > 0)
        {
            before1 = codes1.at[start >> 2];
            before2 = codes2.at[start >> 2];
            m = widen(before1, map1, scales1.at[block]);
            v = widen(before2, map2, scales2.at[block]);
        }

        float most1 = 0.0, most2 = 0.0;
        for (uint i = 0; i < present; i++)
        {
            float p = parameter.at[start + i], mi = m[i], vi = v[i];
            adamW(step_, gradient.at[start + i], p, mi, vi);
            parameter.at[start + i] = p;
            m[i] = mi;
            v[i] = vi;
            most1 = max(most1, abs(mi));
            most2 = max(most2, abs(vi));
        }

        // behind these sums everybody has read the scales
        most1 = workgroupMax(most1);
        most2 = workgroupMax(most2);
        barrier();
        if (present > 0)
        {
            codes1.at[start >> 2] = store(before1, m, most1, present, map1);
            codes2.at[start >> 2] = store(before2, v, most2, present, map2);
        }

        if (gl_LocalInvocationIndex == 0)
        {
            scales1.at[block] = most1;
            scales2.at[block] = most2;
        }
    }
}
