// Sums and maxima over a workgroup, in one order on one device; every invocation gets the result.
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require

shared float subgroupResults[128];

float workgroupSum(float x)
{
    float sum = subgroupAdd(x);
    if (gl_NumSubgroups == 1)
    {
        return sum;
    }

    barrier();
    if (subgroupElect())
    {
        subgroupResults[gl_SubgroupID] = sum;
    }

    barrier();
    sum = 0.0;
    for (uint i = 0; i < gl_NumSubgroups; i++)
    {
        sum += subgroupResults[i];
    }

    return sum;
}

float workgroupMax(float x)
{
    float most = subgroupMax(x);
    if (gl_NumSubgroups == 1)
    {
        return most;
    }

    barrier();
    if (subgroupElect())
    {
        subgroupResults[gl_SubgroupID] = most;
    }

    barrier();
    most = subgroupResults[0];
    for (uint i = 1; i < gl_NumSubgroups; i++)
    {
        most = max(most, subgroupResults[i]);
    }

    return most;
}
