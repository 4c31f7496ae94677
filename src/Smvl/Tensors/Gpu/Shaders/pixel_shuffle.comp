#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"

// blocks (tiles P/s^2, D s^2) from grid (tiles P, D): each s by s block of patches becomes one row in (y, x, D) order; or back.
layout(push_constant, scalar) uniform Constants
{
    Floats to, from;
    uint count, width;            // elements; D
    uint gridWidth, gridHeight, factor;
    uint toGrid;                  // 1: the backward
};

void main()
{
    uint rowWidth = width * factor * factor, columns = gridWidth / factor, inTile = columns * (gridHeight / factor);
    for (uint i = gl_GlobalInvocationID.x; i < count; i += gl_NumWorkGroups.x * gl_WorkGroupSize.x)
    {
        uint block = i / rowWidth, rest = i % rowWidth, y = rest / (factor * width), run = rest % (factor * width);
        uint tile = block / inTile, row = ((block % inTile) / columns) * factor, column = ((block % inTile) % columns) * factor;
        uint inGrid = ((((tile * gridHeight) + row + y) * gridWidth) + column) * width + run;
        if (toGrid != 0)
        {
            to.at[inGrid] = from.at[i];
        }
        else
        {
            to.at[i] = from.at[inGrid];
        }
    }
}
