import { quoted } from './quote.ts'
import { pathOf, type Snippet } from './snippet.ts'

export const csharp: Snippet = {
  id: 'csharp',
  name: 'C# (ASP.NET Core)',
  kinds: ['web'],
  code: (facts) => {
    const { issuer, clientId, scope } = facts
    return `// dotnet add package Microsoft.AspNetCore.Authentication.OpenIdConnect
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddAuthorization();
builder.Services
    .AddAuthentication(options =>
    {
        options.DefaultScheme = CookieAuthenticationDefaults.AuthenticationScheme;
        options.DefaultChallengeScheme = OpenIdConnectDefaults.AuthenticationScheme;
    })
    .AddCookie()
    .AddOpenIdConnect(options =>
    {
        options.Authority = ${quoted(issuer)};
        options.ClientId = ${quoted(clientId)};
        options.ClientSecret = Environment.GetEnvironmentVariable("OIDC_CLIENT_SECRET");
        options.CallbackPath = ${quoted(pathOf(facts))};
        options.ResponseType = "code"; // state and nonce are drawn and checked by the handler
        options.UsePkce = true;
        options.RequireHttpsMetadata = ${issuer.startsWith('https:')};
        options.Scope.Clear();
        foreach (var scope in ${quoted(scope)}.Split(' ')) options.Scope.Add(scope);
        options.Events.OnRemoteFailure = context =>
        {
            context.HandleResponse();
            context.Response.StatusCode = 400;
            return context.Response.WriteAsync("Sign-in failed: " + context.Failure?.Message);
        };
    });
var app = builder.Build();
app.UseAuthentication();
app.UseAuthorization();
app.MapGet("/", (HttpContext http) => http.User.Claims.Select(c => new { c.Type, c.Value })).RequireAuthorization();
app.Run();
`
  },
}
