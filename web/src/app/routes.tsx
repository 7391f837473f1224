import type { RouteObject } from 'react-router';
import { AdminFrame } from '@/app/AdminFrame';
import { RequireRole, RequireSession } from '@/app/guards';
import { BrokenScreen, NotFoundScreen } from '@/app/screens/NotFoundScreen';
import { Shell } from '@/app/Shell';
import { EmailConfirmPage } from '@/features/account/EmailConfirmPage';
import { ForgottenPasswordPage } from '@/features/account/ForgottenPasswordPage';
import { LoginPage } from '@/features/account/LoginPage';
import { OutsidePage } from '@/features/account/OutsidePage';
import { PasswordSetupPage } from '@/features/account/PasswordSetupPage';
import { RegisterPage } from '@/features/account/RegisterPage';

const lazyDashboard = async () => ({ Component: (await import('@/app/screens/DashboardScreen')).DashboardScreen });
const lazyRecover = async () => ({ Component: (await import('@/app/screens/RecoverScreen')).RecoverScreen });
const lazyVerify = async () => ({ Component: (await import('@/app/screens/VerifyScreen')).VerifyScreen });
const lazyDocument = async () => ({ Component: (await import('@/app/screens/DocumentScreen')).DocumentScreen });
const lazyVerification = async () => ({ Component: (await import('@/app/screens/VerificationScreen')).VerificationScreen });
const lazySecurity = async () => ({ Component: (await import('@/features/account/SecurityPage')).SecurityPage });
const lazyOutbox = async () => ({ Component: (await import('@/features/admin/OutboxPage')).OutboxPage });
const lazyAudit = async () => ({ Component: (await import('@/features/admin/AuditPage')).AuditPage });
const lazyRoles = async () => ({ Component: (await import('@/features/admin/RolesPage')).RolesPage });
const lazyUsers = async () => ({ Component: (await import('@/features/admin/UsersPage')).UsersPage });
const lazyOrganizations = async () => ({ Component: (await import('@/features/admin/OrganizationsPage')).OrganizationsPage });
const lazyClients = async () => ({ Component: (await import('@/features/admin/ClientsPage')).ClientsPage });
const lazyServiceAccounts = async () => ({ Component: (await import('@/features/admin/ServiceAccountsPage')).ServiceAccountsPage });
const lazyConsent = async () => ({ Component: (await import('@/app/screens/ConsentScreen')).ConsentScreen });
const lazyDevice = async () => ({ Component: (await import('@/features/oauth/DevicePage')).DevicePage });
const lazySignOut = async () => ({ Component: (await import('@/features/oauth/SignOutPage')).SignOutPage });
const lazyApplications = async () => ({ Component: (await import('@/features/oauth/ApplicationsPage')).ApplicationsPage });

export const routes: RouteObject[] = [
  {
    errorElement: <BrokenScreen />,
    // Nothing to show while a page's code loads: it takes a moment at most.
    hydrateFallbackElement: <></>,
    children: [
      { path: '/', element: <RegisterPage /> },
      { path: '/login', element: <LoginPage /> },
      { path: '/federation', element: <OutsidePage /> },
      { path: '/setup-password', element: <PasswordSetupPage /> },
      { path: '/reset-password', element: <PasswordSetupPage reset /> },
      { path: '/forgotten-password', element: <ForgottenPasswordPage /> },
      { path: '/verify-email', element: <EmailConfirmPage /> },
      { path: '/consent', lazy: lazyConsent },
      { path: '/device', lazy: lazyDevice },
      { path: '/sign-out', lazy: lazySignOut },
      { path: '/change-email', element: <EmailConfirmPage change /> },
      {
        element: <RequireSession />,
        children: [
          { path: '/recover', lazy: lazyRecover },
          {
            element: <Shell />,
            children: [
              { path: '/dashboard', lazy: lazyDashboard },
              { path: '/verify', lazy: lazyVerify },
              { path: '/applications', lazy: lazyApplications },
              { path: '/security', lazy: lazySecurity },
              { path: '/documents/:id', lazy: lazyDocument },
              { path: '/verifications/:id', lazy: lazyVerification },
              {
                element: <AdminFrame />,
                children: [
                  {
                    element: <RequireRole roles={['admin']} />,
                    children: [
                      { path: '/admin/users', lazy: lazyUsers },
                      { path: '/admin/organizations', lazy: lazyOrganizations },
                      { path: '/admin/roles', lazy: lazyRoles },
                      { path: '/admin/clients', lazy: lazyClients },
                      { path: '/admin/keys', lazy: lazyServiceAccounts },
                      { path: '/admin/outbox', lazy: lazyOutbox },
                    ],
                  },
                  { element: <RequireRole roles={['admin', 'auditor']} />, children: [{ path: '/admin/audit', lazy: lazyAudit }] },
                ],
              },
            ],
          },
        ],
      },
      { path: '*', element: <NotFoundScreen /> },
    ],
  },
];
