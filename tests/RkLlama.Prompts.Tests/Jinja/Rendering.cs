using System.Text.Json;
using RkLlama.Prompts.Jinja;
using RkLlama.Prompts.Jinja.Values;

namespace RkLlama.Prompts.Tests.Jinja;

/// <summary>Renders templates at the time of the expected results: 2025-11-23 08:04:05 local time.</summary>
internal static class Rendering
{
    public static TimeProvider Clock { get; } = new FixedClock();

    public static PromptText Render(string template, string json = "{}", RenderLimits? limits = null, CpuBudget? cpu = null)
    {
        using JsonDocument data = JsonDocument.Parse(json);
        return Render(Template.Compile(template), data.RootElement, limits, cpu);
    }

    public static PromptText Render(Template template, JsonElement data, RenderLimits? limits = null, CpuBudget? cpu = null) =>
        template.Render(Variables(data), limits ?? RenderLimits.Default, cpu ?? CpuBudget.Unlimited(), Clock);

    /// <summary>Returns the rendered text; null if the template does not compile or raises an error.</summary>
    public static string? TryRender(string template, JsonElement data, out string? error)
    {
        try
        {
            error = null;
            return Render(Template.Compile(template), data).Text;
        }
        catch (TemplateException exception)
        {
            error = exception.Message;
            return null;
        }
    }

    public static Dictionary<string, Value> Variables(JsonElement data) =>
        data.EnumerateObject().ToDictionary(property => property.Name, property => JsonValues.Convert(property.Value, fromRequest: true));

    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2025, 11, 23, 8, 4, 5, TimeSpan.Zero);

        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
    }
}
