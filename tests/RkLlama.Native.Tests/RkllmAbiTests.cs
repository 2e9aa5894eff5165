using System.Reflection;
using System.Text;
using System.Text.Json;
using RkLlama.Native.Interop;
using RkLlama.Native.Tests.Support;

namespace RkLlama.Native.Tests;

/// <summary>Compares the offset tables with a C compiler's layout for both architectures, and with the measured layouts.</summary>
public sealed class RkllmAbiTests
{
    /// <summary>The ABI groups, with the simulator's number and the name in the measured layouts.</summary>
    public static TheoryData<RuntimeFamily, int, string> Groups() => new()
    {
        { RuntimeFamily.V11, 10100, "1.1" },
        { RuntimeFamily.V120, 10200, "1.2.0" },
        { RuntimeFamily.V121, 10201, "1.2.1" },
        { RuntimeFamily.V130, 10300, "1.3.0" },
        { RuntimeFamily.V131, 10301, "1.3.1-derived" },
    };

    [Theory]
    [MemberData(nameof(Groups))]
    public void Offsets_match_the_C_compilers_layout_on_x64_and_arm64(RuntimeFamily family, int simulatorAbi, string group)
    {
        _ = group;
        StringBuilder source = new("#include \"abi/abi.h\"\n");
        foreach ((string type, string field, int offset) in Tables(family))
        {
            source.Append(field == "size"
                ? $"_Static_assert(sizeof({type}) == {offset}, \"{type}\");\n"
                : $"_Static_assert(offsetof({type}, {Member(type, field, simulatorAbi >= 10300)}) == {offset}, \"{type}.{field}\");\n");
        }

        CCompiler.Check(source.ToString(), $"-DSIM_ABI={simulatorAbi}");
    }

    [AbiReferenceTheory]
    [MemberData(nameof(Groups))]
    public void Offsets_match_the_measured_layouts(RuntimeFamily family, int simulatorAbi, string group)
    {
        _ = simulatorAbi;
        JsonElement structs = Reference().GetProperty("version_groups").GetProperty(group).GetProperty("structs");

        foreach ((string type, string field, int offset) in Tables(family))
            Measured(structs, type, field).Should().Be(offset, "{0}.{1} of {2}", type, field, group);
    }

    [AbiReferenceTheory]
    [InlineData("1.2.1b1")]
    public void Version_1_2_1b1_has_a_layout_of_its_own_for_images(string group)
    {
        JsonElement structs = Reference().GetProperty("version_groups").GetProperty(group).GetProperty("structs");

        foreach ((string type, string field, int offset) in Tables(RkllmAbi.For(RuntimeFamily.V120, group)))
            Measured(structs, type, field).Should().Be(offset, "{0}.{1}", type, field);
    }

    [Theory]
    [MemberData(nameof(Groups))]
    public void Every_struct_fits_its_buffer(RuntimeFamily family, int simulatorAbi, string group)
    {
        _ = (simulatorAbi, group);
        RkllmAbi abi = RkllmAbi.For(family);

        abi.RKLLMParam.size.Should().BeLessThanOrEqualTo(RkllmParamBuffer.Size);
        abi.RKLLMInput.size.Should().BeLessThanOrEqualTo(RkllmAbi.InputBufferSize);
        abi.RKLLMInferParam.size.Should().BeLessThanOrEqualTo(RkllmAbi.SmallBufferSize);
        RKLLMSamplingParamLayout.size.Should().BeLessThanOrEqualTo(RkllmAbi.SmallBufferSize);
        RKLLMPromptCacheParamLayout.size.Should().BeLessThanOrEqualTo(RkllmAbi.SmallBufferSize);
    }

    [AbiReferenceTheory]
    [MemberData(nameof(Groups))]
    public void Enum_values_match_the_measured_values(RuntimeFamily family, int simulatorAbi, string group)
    {
        _ = simulatorAbi;
        JsonElement enums = Reference().GetProperty("version_groups").GetProperty(group).GetProperty("enums");
        JsonElement states = enums.GetProperty("LLMCallState").GetProperty("values");

        states.GetProperty("RKLLM_RUN_NORMAL").GetInt32().Should().Be((int)LLMCallState.Normal);
        states.GetProperty("RKLLM_RUN_WAITING").GetInt32().Should().Be((int)LLMCallState.Waiting);
        states.GetProperty("RKLLM_RUN_FINISH").GetInt32().Should().Be((int)LLMCallState.Finish);
        states.GetProperty("RKLLM_RUN_ERROR").GetInt32().Should().Be((int)LLMCallState.Error);
        if (family == RuntimeFamily.V11)
            states.GetProperty("RKLLM_RUN_GET_LAST_HIDDEN_LAYER").GetInt32().Should().Be((int)LLMCallState.GetLastHiddenLayer);
        enums.GetProperty("RKLLMInputType").GetProperty("values").GetProperty("RKLLM_INPUT_TOKEN").GetInt32().Should().Be((int)RKLLMInputType.Token);
        enums.GetProperty("RKLLMInputType").GetProperty("values").GetProperty("RKLLM_INPUT_MULTIMODAL").GetInt32().Should().Be((int)RKLLMInputType.Multimodal);
        enums.GetProperty("RKLLMInferMode").GetProperty("values").GetProperty("RKLLM_INFER_GET_LAST_HIDDEN_LAYER").GetInt32()
            .Should().Be((int)RKLLMInferMode.GetLastHiddenLayer);
    }

    /// <summary>Returns all entries of the offset tables by reflection, so that no entry is left out.</summary>
    private static IEnumerable<(string Type, string Field, int Offset)> Tables(RuntimeFamily family) => Tables(RkllmAbi.For(family));

    private static IEnumerable<(string Type, string Field, int Offset)> Tables(RkllmAbi abi)
    {
        foreach (object table in (object[])[abi.RKLLMParam, abi.RKLLMInput, abi.RKLLMMultiModalInput, abi.RKLLMInferParam, abi.RKLLMResult])
        {
            foreach (PropertyInfo property in table.GetType().GetProperties(BindingFlags.Instance | BindingFlags.Public))
            {
                int offset = (int)property.GetValue(table)!;
                if (offset != RkllmAbi.Absent)
                    yield return (table.GetType().Name.Replace("Layout", ""), property.Name, offset);
            }
        }

        List<Type> constants = [typeof(RKLLMResultLastHiddenLayerLayout), typeof(RKLLMPromptCacheParamLayout)];
        if (abi.HasLogits)
            constants.Add(typeof(RKLLMResultLogitsLayout));
        if (abi.HasStatistics)
            constants.Add(typeof(RKLLMPerfStatLayout));
        if (abi.HasPerRunSampling)
            constants.Add(typeof(RKLLMSamplingParamLayout));
        foreach (Type table in constants)
        {
            foreach (FieldInfo field in table.GetFields(BindingFlags.Static | BindingFlags.Public))
                yield return (table.Name.Replace("Layout", ""), field.Name, (int)field.GetRawConstantValue()!);
        }
    }

    private static bool IsExtended(string type, string field) =>
        type == "RKLLMParam" && field is "base_domain_id" or "embed_flash" or "enabled_cpus_num" or "enabled_cpus_mask";

    /// <summary>Returns the C member designator of a field.</summary>
    private static string Member(string type, string field, bool isNested = false) => field switch
    {
        _ when type == "RKLLMMultiModalInput" && isNested && field != "prompt" => "image." + field,
        "union" => "prompt_input",
        _ when IsExtended(type, field) => "extend_param." + field,
        _ => field,
    };

    private static int Measured(JsonElement structs, string type, string field)
    {
        bool isNested = structs.GetProperty("RKLLMInput").GetProperty("size").GetInt32() >= 160;
        if (type == "RKLLMMultiModalInput" && structs.TryGetProperty("RKLLMMultiModelInput", out _))
            type = "RKLLMMultiModelInput";
        if (field == "size")
            return structs.GetProperty(type).GetProperty("size").GetInt32();
        if (IsExtended(type, field))
            return Offset(structs, "RKLLMParam", "extend_param") + Offset(structs, "RKLLMExtendParam", field);
        return Offset(structs, type, Member(type, field, isNested));
    }

    private static int Offset(JsonElement structs, string type, string field) =>
        structs.GetProperty(type).GetProperty("fields").EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == field).GetProperty("offset").GetInt32();

    private static JsonElement Reference() => JsonDocument.Parse(File.ReadAllText(TestPaths.AbiReference!)).RootElement;
}
