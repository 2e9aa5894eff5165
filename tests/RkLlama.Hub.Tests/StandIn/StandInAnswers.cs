using System.Text;
using Microsoft.AspNetCore.Http;

namespace RkLlama.Hub.Tests.StandIn;

/// <summary>Answers that all origins of the stand-in give.</summary>
internal static class StandInAnswers
{
    /// <summary>Answers with the page or the status of a fault. Returns whether the fault has one.</summary>
    internal static async Task<bool> FailAsync(HttpContext context, Fault fault)
    {
        if (fault.IsPage)
        {
            context.Response.ContentType = "text/html";
            await context.Response.WriteAsync("<!doctype html><title>Sign in</title>");
            return true;
        }

        if (fault.Status is not { } status)
            return false;
        context.Response.StatusCode = status;
        foreach ((string name, string value) in fault.Headers)
            context.Response.Headers[name] = value;
        await context.Response.WriteAsync(fault.Text);
        return true;
    }

    internal static Task RefuseAsync(HttpContext context, int status, string? code)
    {
        context.Response.StatusCode = status;
        if (code is not null)
            context.Response.Headers["X-Error-Code"] = code;
        return Task.CompletedTask;
    }

    internal static Task WriteJsonAsync(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json, Encoding.UTF8);
    }
}
