#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"

// Tiles (n, C, S, S) cut into patches (n P, C p p), elements in (channel, y, x) order; bytes become value * scale + offset.
layout(constant_id = 1) const bool BYTES = false;

layout(push_constant, scalar) uniform Constants
{
    Floats patches;
    uint64_t tiles;
    Floats factors;     // (C, 2): scale and offset
    uint count;         // elements
    uint channels, size, patchSize;
    uint firstByte;     // of the tiles, behind their address, which is aligned
};

void main()
{
    uint grid = size / patchSize, width = channels * patchSize * patchSize;
    for (uint i = gl_GlobalInvocationID.x; i < count; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x)
    {
        uint patchIndex = i / width, inPatch = i % width;
        uint tile = patchIndex / (grid * grid), row = (patchIndex / grid) % grid, column = patchIndex % grid;
        uint c = inPatch / (patchSize * patchSize), y = (inPatch / patchSize) % patchSize, x = inPatch % patchSize;
        uint from = ((((tile * channels) + c) * size) + (row * patchSize) + y) * size + (column * patchSize) + x;
        if (BYTES)
        {
            uint at = firstByte + from;
            float value = float((Words(tiles).at[at >> 2] >> ((at & 3) * 8)) & 255);
            precise float scaled = value * factors.at[2 * c];
            patches.at[i] = scaled + factors.at[(2 * c) + 1];
        }
        else
        {
            patches.at[i] = Floats(tiles).at[from];
        }
    }
}
