using RkLlama.Engine.Generation;
using RkLlama.Prompts;
using RkLlama.Server.Api.Common;
using RkLlama.Server.Http;

namespace RkLlama.Server.Api.OpenAi;

/// <summary>What a model cannot be forced to do with tools, said before the run where that is known, and else after it.</summary>
internal static class ToolChoice
{
    /// <summary>The fields that a model without tools does not heed.</summary>
    /// <exception cref="ApiException">400: the request has to have a call.</exception>
    internal static IReadOnlyList<string> Ignored(ToolFields tools, string model, PromptBuilder prompts)
    {
        if (tools.Tools is null || prompts.TakesTools())
            return [];
        return tools.IsRequired ? throw RequestFields.Unsupported($"The chat template of model '{model}' knows no tools.", "tool_choice") : ["tools"];
    }

    /// <summary>A model cannot be forced to call; a client that has to have a call hears that there is none.</summary>
    /// <exception cref="ApiException">422: the answer has no call.</exception>
    internal static void RequireCall(ToolFields tools, AnswerEnd end)
    {
        if (tools.IsRequired && end.FinishReason != "tool_calls")
        {
            throw new ApiException(StatusCodes.Status422UnprocessableEntity, new("The model answered without the function call that tool_choice asks for."))
            {
                Code = "tool_choice_not_met",
                Parameter = "tool_choice",
            };
        }
    }
}
